import path from "node:path";
import type { CodegenOptions, CodegenResult } from "../../codegen/index.js";
import type { ResolvedConfig } from "../config.js";
import { findScheduleFaults } from "../cron/task-schedules.js";
import { findCacheFolder } from "./cache.js";
import { exitCodes, type ExitCode } from "./failure.js";
import { queryPackages, requirePackages, taskPackages } from "./packages.js";
import type { ScratchServer } from "./scratch.js";
import { paint, type Terminal } from "./terminal.js";

interface CompileFlags {
  /** Write nothing: fail if something is stale. */
  readonly check?: boolean;
  /** Overwrite and remove also files that codegen didn't write, or that were edited since. */
  readonly force?: boolean;
  readonly json?: boolean;
}

/** Compiles what the config names, or checks it, and tells what became of it. */
export async function compile(
  flags: CompileFlags,
  config: ResolvedConfig,
  scratch: ScratchServer,
  terminal: Terminal,
): Promise<ExitCode> {
  const needed = config.queries === undefined ? [] : queryPackages;
  requirePackages([...taskPackages, ...needed], config.root);
  const { check, generate } = await import("../../codegen/index.js");
  const options = { ...(await codegenOptions(config, scratch)), force: flags.force === true };
  const result = await (flags.check === true ? check(options) : generate(options));
  await report(flags, config, result, terminal);
  const isStale = flags.check === true && result.changed.length > 0;
  return result.problems.length > 0 || isStale ? exitCodes.failure : exitCodes.ok;
}

async function codegenOptions(
  { root, schemas, output, schema, queries, graphileWorker, strict, formats }: ResolvedConfig,
  scratch: ScratchServer,
): Promise<CodegenOptions> {
  const checkSchedule = findScheduleFaults;
  const reading = { strict, formats };
  const cache = findCacheFolder(root);
  const own = { root, schemas, output, schema, graphileWorker, checkSchedule, reading };
  const tasks = cache === undefined ? own : { ...own, cache };
  if (queries === undefined) return { tasks };
  const { source, ...folders } = queries;
  const connectionString = await scratch.connectionString();
  return { tasks, queries: { root, queries: source, ...folders, connectionString } };
}

async function report(
  flags: CompileFlags,
  { root }: ResolvedConfig,
  { problems, warnings, changed }: CodegenResult,
  terminal: Terminal,
): Promise<void> {
  const files = changed.map(({ path: file, reason }) => ({
    path: path.relative(root, file).split(path.sep).join("/"),
    reason,
  }));
  if (flags.json === true) {
    const ok = problems.length === 0 && (flags.check !== true || files.length === 0);
    terminal.out(JSON.stringify({ ok, problems, warnings, changed: files }));
    return;
  }
  const { formatProblem } = await import("../../codegen/index.js");
  for (const warning of warnings) {
    terminal.err(`${paint(terminal, "yellow", "warning")} ${formatProblem(warning)}\n`);
  }
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

/** What compiling reads: a change of it calls for another time. */
export function compiledPaths({ schemas, queries, file }: ResolvedConfig): string[] {
  return [
    schemas,
    ...(queries === undefined ? [] : [queries.source, queries.migrations]),
    ...(file === undefined ? [] : [file]),
  ];
}
