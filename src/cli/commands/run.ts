import { Option, type Command } from "commander";
import type { ResolvedConfig } from "../../config.js";
import type { WorkerOptions } from "../../worker/options.js";
import { runOnce, startWorker, type StartOptions } from "../../worker/start.js";
import type { RunSummary } from "../../worker/worker.js";
import { exitCodes, UsageError, type ExitCode } from "../failure.js";
import { createLogger, logLevels, type LogLevel } from "../logger.js";
import { printResult } from "../output.js";
import {
  addDatabaseOptions,
  readConfig,
  readCrontab,
  requireDatabase,
  type DatabaseFlags,
} from "../session.js";
import type { Terminal } from "../terminal.js";
import { duration, integer } from "../values.js";
import { findWorkerFile, loadWorkerModule, threadModule, withApp } from "../worker-module.js";
import { describeCommand, type CommandMaker } from "./command.js";

interface Flags extends DatabaseFlags {
  readonly once?: boolean;
  readonly deadline?: number;
  readonly concurrency?: number;
  readonly pollInterval?: number;
  readonly waitForDatabase?: number;
  readonly crontab?: string;
  readonly logLevel: LogLevel;
  /** These are true unless their `--no-…` was given. */
  readonly cron: boolean;
  readonly listen: boolean;
  readonly migrate: boolean;
  readonly preparedStatements: boolean;
}

export const runCommand: CommandMaker = (terminal, end) => {
  const command = describeCommand({
    name: "run",
    description: `Run a worker with the handlers that a module exports.

The module, TypeScript or JavaScript, exports handlers, made by defineHandlers; if they want an app,
app, or a function that makes it, which is disposed of at the end; and perhaps options, more of the
worker's. The log goes to the standard error: lines on a terminal, JSON elsewhere. SIGTERM, SIGINT and
their like stop the worker in good order, a second one at once, which ends with exit code 1.`,
    examples: `
      taskwright run src/worker.ts
      taskwright run src/worker.ts --concurrency 20 --crontab crontab
      taskwright run --once --deadline 50s       drain what is due, then end`,
    configure: addRunOptions,
  });
  return addDatabaseOptions(command).action(async (file: string | undefined) => {
    end(await run(terminal, command.opts<Flags>(), file));
  });
};

function addRunOptions(command: Command): void {
  command
    .argument("[file]", 'the module; default: "handlers" of the config')
    .option("--once", "run what is due, then end")
    .option("--deadline <duration>", "with --once: claim nothing after so long", duration)
    .option("--concurrency <count>", "jobs at once (default: 10)", integer(1))
    .option("--poll-interval <duration>", "between looks for due jobs (default: 2s)", duration)
    .option("--wait-for-database <duration>", "how long the start waits for it", duration)
    .option("--crontab <file>", "recurring jobs besides x-task.cron (default: the config's)")
    .option("--no-cron", "schedule no recurring jobs")
    .option("--no-listen", "only poll, as behind a pooler in transaction mode")
    .option("--no-prepared-statements", "keep none, as behind a pooler in transaction mode")
    .option("--no-migrate", "leave the schema as it is")
    .addOption(
      new Option("--log-level <level>", "the least to log").choices(logLevels).default("info"),
    );
}

async function run(terminal: Terminal, flags: Flags, named: string | undefined): Promise<ExitCode> {
  const { once = false, deadline } = flags;
  if (deadline !== undefined && !once) throw new UsageError("--deadline needs --once.");
  const config = await readConfig(flags, terminal);
  const connectionString = requireDatabase(config, terminal);
  const file = findWorkerFile(config, terminal.cwd, named);
  const { handlers, app, options } = await loadWorkerModule(file);
  const shared = {
    ...options,
    isolation: { module: threadModule(file), ...options.isolation },
    ...(await toOptions(terminal, flags, config)),
    // An empty URL leaves it to libpq's variables.
    connectionString: connectionString ?? "postgres://",
    handlers,
  };
  return withApp(app, async (made) => {
    const all = { ...shared, app: made } as StartOptions<unknown>;
    try {
      if (!once) return await work(all);
      const limit = deadline === undefined ? {} : { deadlineMs: deadline };
      return report(terminal, flags, await runOnce<unknown>({ ...all, ...limit }));
    } catch (error) {
      // Told to end before it had begun.
      if (terminal.signal.aborted) return exitCodes.ok;
      throw error;
    }
  });
}

async function toOptions(
  terminal: Terminal,
  flags: Flags,
  config: ResolvedConfig,
): Promise<Partial<WorkerOptions<unknown>>> {
  const { concurrency, pollInterval, waitForDatabase, logLevel, json = false } = flags;
  const crontab = await readCrontab(config, terminal, flags);
  const isJson = json || !terminal.isColoured;
  return {
    schema: config.schema,
    handleSignals: true,
    signal: terminal.signal,
    logger: createLogger(terminal, { level: logLevel, isJson }),
    ...(concurrency === undefined ? {} : { concurrency }),
    ...(pollInterval === undefined ? {} : { pollIntervalMs: pollInterval }),
    ...(waitForDatabase === undefined ? {} : { waitForDatabaseMs: waitForDatabase }),
    ...(crontab === "" ? {} : { crontab }),
    ...(flags.cron ? {} : { cron: false }),
    ...(flags.listen ? {} : { listen: false }),
    ...(flags.migrate ? {} : { migrate: false }),
    ...(flags.preparedStatements ? {} : { preparedStatements: false }),
  };
}

/** Works until it is told to end. */
async function work(options: StartOptions<unknown>): Promise<ExitCode> {
  const worker = await startWorker<unknown>(options);
  let code: ExitCode = exitCodes.ok;
  // Jobs were given back in the middle, or not at all: whoever asked for it should know.
  const onTrouble = () => {
    code = exitCodes.failure;
  };
  worker.events.on("pool:forcefulShutdown", onTrouble);
  worker.events.on("pool:fatalError", onTrouble);
  await worker.finished;
  return code;
}

function report(terminal: Terminal, flags: Flags, summary: RunSummary): ExitCode {
  printResult(terminal, flags, summary, () => {
    const { completed, failed, returned, lost, endedBy } = summary;
    const parts = [`${completed} completed`, `${failed} failed`];
    if (returned > 0) parts.push(`${returned} given back`);
    if (lost > 0) parts.push(`${lost} lost`);
    terminal.out(`${parts.join(", ")}: ${endings[endedBy]}`);
  });
  return exitCodes.ok;
}

const endings: Readonly<Record<RunSummary["endedBy"], string>> = {
  drained: "nothing is due any more",
  blocked: "others hold the jobs that are due",
  deadline: "its time was over",
  stop: "it was stopped",
};
