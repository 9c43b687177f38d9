import path from "node:path";
import { expect } from "vitest";
import { runCommand as runTaskwright } from "../support/command-line.js";
import { runOrThrow } from "../support/command.js";
import type { TestDatabase } from "../support/database.js";
import { peerNode } from "../support/peer.js";
import { TestProcess } from "../support/process.js";
import { eventually } from "../support/wait.js";
import { groupBlocks, mainFile } from "./layout.js";
import { repository, type Block, type Page } from "./page.js";
import { commandLines, taskwrightArguments } from "./shell.js";

/** What a page's examples are run with. */
export interface Stage {
  readonly page: Page;
  /** The project's folder. */
  readonly folder: string;
  readonly database: TestDatabase;
}

interface Step {
  readonly line: number;
  readonly run: () => Promise<void>;
}

/** Runs everything that a page shows, from its top to its end. */
export async function runPage(stage: Stage): Promise<void> {
  const outputs: Outputs = new Map();
  const steps = stage.page.blocks.flatMap((block) => blockSteps(stage, block));
  for (const [file, blocks] of groupBlocks(stage.page)) {
    const step = programStep(stage, file, blocks, outputs);
    if (step !== undefined) steps.push(step);
  }
  steps.sort((a, b) => a.line - b.line);
  for (const { line, run } of steps) {
    await run().catch((error: unknown) => {
      throw new Error(`${stage.page.file}:${line} ${String(error)}`, { cause: error });
    });
  }
  compareOutputs(stage.page, outputs);
}

/** What a program printed is what the page says of it, in one block or in several. */
function compareOutputs({ file, blocks }: Page, outputs: Outputs): void {
  const shown = new Map<string, string[]>();
  for (const { language, info, text } of blocks) {
    const of = language === "text" ? info["of"] : undefined;
    if (of !== undefined) shown.set(of, [...(shown.get(of) ?? []), text]);
  }
  for (const [of, texts] of shown) {
    expect(outputs.get(of)?.trim(), `${file}: ${of}`).toBe(texts.join("\n").trim());
  }
}

function blockSteps({ folder, database }: Stage, { line, language, info, text }: Block): Step[] {
  // A file is for codegen, or for a program that reads it.
  if (language === "sql" && info["file"] === undefined)
    return [{ line, run: async () => void (await database.pool.query(text)) }];
  if (language !== "sh") return [];
  const env = { DATABASE_URL: database.connectionString };
  return [{ line, run: () => runShell(folder, text, env) }];
}

/** What each program printed. */
type Outputs = Map<string, string>;

async function runShell(
  folder: string,
  text: string,
  env: Readonly<Record<string, string>>,
): Promise<void> {
  for (const words of commandLines(text)) {
    const args = taskwrightArguments(words);
    if (args === undefined || endless(args)) continue;
    const whole = args[0] === "init" ? [...args, "--no-install"] : args;
    const { code, out, err } = await runTaskwright(folder, whole, { env });
    expect(code, `${words.join(" ")}\n${out}\n${err}`).toBe(0);
  }
}

/** Commands that go on until they are stopped; tests of their own run them. */
function endless(args: readonly string[]): boolean {
  return (
    args[0] === "dev" || args.includes("--watch") || (args[0] === "run" && !args.includes("--once"))
  );
}

function programStep(
  { folder, database }: Stage,
  file: string,
  blocks: readonly Block[],
  outputs: Outputs,
): Step | undefined {
  const last = blocks.at(-1);
  if (last === undefined || !file.endsWith(".ts")) return undefined;
  const mode = blocks.find(({ info }) => "run" in info)?.info["run"];
  if (mode === undefined && file !== mainFile) return undefined;
  const { line } = last;
  const env = { DATABASE_URL: database.connectionString };
  const node = blocks.some(({ text }) => text.includes('from "graphile-worker"'))
    ? peerNode()
    : process.execPath;
  const program = path.join(folder, file);
  if (mode === "worker") {
    return {
      line,
      run: async () => void outputs.set(file, await runWorker(program, database, env)),
    };
  }
  return {
    line,
    run: async () => {
      const args = [...nodeFlags, wrapper, program];
      outputs.set(file, await runOrThrow(node, args, { cwd: folder, env }));
    },
  };
}

const nodeFlags = [
  "--conditions=taskwright-source",
  "--import",
  import.meta.resolve("tsx", `file://${repository}/`),
] as const;

const wrapper = path.join(import.meta.dirname, "run-example.ts");

/** Runs a program that goes on until it is told to stop, until nothing is left to do. */
async function runWorker(
  program: string,
  { pool }: TestDatabase,
  env: Readonly<Record<string, string>>,
): Promise<string> {
  const worker = TestProcess.start(
    process.execPath,
    [...nodeFlags, wrapper, program, "worker"],
    path.dirname(program),
    env,
  );
  try {
    await worker.printed("ready");
    await eventually(async () => {
      const { rowCount } = await pool.query(dueJobs);
      return rowCount === 0;
    }, `${program} to run the jobs that are due`);
    worker.signal("SIGTERM");
    const { code } = await worker.exit;
    expect(code, worker.lines.join("\n")).toBe(0);
    return worker.lines.filter((line) => line !== "ready").join("\n");
  } finally {
    await worker.end();
  }
}

const dueJobs = `
  select id from graphile_worker._private_jobs
  where run_at <= now() and attempts < max_attempts`;
