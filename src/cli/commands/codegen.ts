import path from "node:path";
import { Command, Option } from "commander";
import type { CodegenOptions, CodegenResult } from "../../../codegen/index.js";
import { loadConfig } from "../config.js";
import type { ResolvedConfig } from "../../config.js";
import { findScheduleFaults } from "../../cron/task-schedules.js";
import { exitCodes, reportFailure, type ExitCode } from "../failure.js";
import { queryPackages, requirePackages, taskPackages, watchPackages } from "../packages.js";
import { ScratchServer } from "../scratch.js";
import { paint, type Terminal } from "../terminal.js";
import { watchAndRun } from "../watch.js";

interface Flags {
  readonly check?: boolean;
  readonly watch?: boolean;
  readonly json?: boolean;
  readonly config?: string;
  readonly schemas?: string;
  readonly output?: string;
  readonly schema?: string;
  readonly connection?: string;
}

const examples = `
Examples:
  taskwright codegen                    compile schemas/ into generated/tasks
  taskwright codegen --check            fail when generated code is stale; for CI
  taskwright codegen --watch            compile again whenever a schema changes
  taskwright codegen --schema jobs      enqueue into the database schema "jobs"

Exit codes: 0 done or fresh, 1 problems or stale files, 2 wrong usage.`;

export function codegenCommand(terminal: Terminal, end: (code: ExitCode) => void): Command {
  return new Command("codegen")
    .description("Compile task schemas into typed helpers, handlers and validators.")
    .option("--check", "write nothing; fail and name each file that is stale")
    .addOption(new Option("--watch", "follow the folders and compile again").conflicts("check"))
    .option("--config <file>", "config file (default: taskwright.config.json or .ts)")
    .option("--schemas <folder>", "folder of the JSON Schemas")
    .option("--output <folder>", "folder for the generated tasks")
    .option("--schema <name>", "database schema that the helpers enqueue into")
    .option(
      "--connection <url>",
      "server for checking queries (default: DATABASE_URL, or embedded)",
    )
    .addOption(new Option("--json", "print one JSON object").conflicts("watch"))
    .addHelpText("after", examples)
    .action(async (flags: Flags) => {
      end(await (flags.watch === true ? watch(flags, terminal) : runOnce(flags, terminal)));
    });
}

async function runOnce(flags: Flags, terminal: Terminal): Promise<ExitCode> {
  const config = await readConfig(flags, terminal);
  await using scratch = new ScratchServer(config.connectionString);
  return await compile(flags, config, scratch, terminal);
}

/** Compiles now and after every change, until the user ends it. Errors are told, and waited out. */
async function watch(flags: Flags, terminal: Terminal): Promise<ExitCode> {
  requirePackages(watchPackages, terminal.cwd);
  let config = await readConfig(flags, terminal);
  await using scratch = new ScratchServer(config.connectionString);
  const run = async () => {
    try {
      config = await readConfig(flags, terminal);
      await compile(flags, config, scratch, terminal);
    } catch (error) {
      reportFailure(terminal, error, false);
    }
    terminal.err(paint(terminal, "dim", "watching for changes; Ctrl+C ends"));
    return watchedPaths(config);
  };
  await watchAndRun(run, terminal.signal);
  return exitCodes.ok;
}

function watchedPaths({ schemas, queries, file }: ResolvedConfig): string[] {
  return [
    schemas,
    ...(queries === undefined ? [] : [queries.source, queries.migrations]),
    ...(file === undefined ? [] : [file]),
  ];
}

/** Flags win over the environment, which wins over the file. */
function readConfig(flags: Flags, { cwd, env }: Terminal): Promise<ResolvedConfig> {
  const { config, schemas, output, schema, connection } = flags;
  const connectionString = connection ?? (env["DATABASE_URL"] || undefined);
  const given = Object.entries({ schemas, output, schema, connectionString });
  return loadConfig(
    cwd,
    config,
    Object.fromEntries(given.filter(([, value]) => value !== undefined)),
  );
}

async function compile(
  flags: Flags,
  config: ResolvedConfig,
  scratch: ScratchServer,
  terminal: Terminal,
): Promise<ExitCode> {
  const needed = config.queries === undefined ? [] : queryPackages;
  requirePackages([...taskPackages, ...needed], config.root);
  const { check, generate } = await import("../../../codegen/index.js");
  const options = await codegenOptions(config, scratch);
  const result = await (flags.check === true ? check(options) : generate(options));
  await report(flags, config, result, terminal);
  const isStale = flags.check === true && result.changed.length > 0;
  return result.problems.length > 0 || isStale ? exitCodes.failure : exitCodes.ok;
}

async function codegenOptions(
  { root, schemas, output, schema, queries, graphileWorker }: ResolvedConfig,
  scratch: ScratchServer,
): Promise<CodegenOptions> {
  const checkSchedule = findScheduleFaults;
  const tasks = { root, schemas, output, schema, graphileWorker, checkSchedule };
  if (queries === undefined) return { tasks };
  const { source, ...folders } = queries;
  const connectionString = await scratch.connectionString();
  return { tasks, queries: { root, queries: source, ...folders, connectionString } };
}

async function report(
  flags: Flags,
  { root }: ResolvedConfig,
  { problems, changed }: CodegenResult,
  terminal: Terminal,
): Promise<void> {
  const files = changed.map(({ path: file, reason }) => ({
    path: path.relative(root, file).split(path.sep).join("/"),
    reason,
  }));
  if (flags.json === true) {
    const ok = problems.length === 0 && (flags.check !== true || files.length === 0);
    terminal.out(JSON.stringify({ ok, problems, changed: files }));
    return;
  }
  const { formatProblem } = await import("../../../codegen/index.js");
  for (const problem of problems) terminal.err(`${formatProblem(problem)}\n`);
  if (problems.length > 0) {
    const count = problems.length === 1 ? "1 problem" : `${problems.length} problems`;
    terminal.err(paint(terminal, "red", `${count}; nothing was written.`));
    return;
  }
  for (const { path: file, reason } of files) {
    terminal.out(`${flags.check === true ? `stale (${reason})` : verbs[reason]} ${file}`);
  }
  if (files.length === 0) terminal.out(paint(terminal, "green", "Generated code is up to date."));
  else if (flags.check === true) {
    terminal.err(paint(terminal, "red", "Generated code is stale: run taskwright codegen."));
  }
}

/** What was done about a file that wasn't as it should be. */
const verbs = { missing: "wrote", differs: "wrote", "left over": "removed" } as const;
