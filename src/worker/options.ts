import { randomBytes } from "node:crypto";
import type { Pool } from "pg";
import { cronDefaults, resolveCronOptions, type SchedulingOptions } from "../cron/options.js";
import type { ResolvedCronEntry } from "../cron/resolve.js";
import { defaultSchema } from "../database/identifier.js";
import type { WorkerListeners } from "../events.js";
import { checkLogger, silentLogger, type Logger } from "../log.js";
import { maxTimerMs, refuseOption, refuseUnknownOptions } from "../options.js";
import {
  resolveRecovery,
  type RecoveryOptions,
  type ResolvedRecovery,
} from "../recovery/options.js";
import { checkListeners, checkPlugins, type Plugin } from "../plugins/plugin.js";
import type { HandlerSet } from "../tasks/handlers.js";
import { resolveTaskLimits, type TaskLimit, type TaskLimits } from "./limits.js";

/** Flags that this worker leaves alone: a list, or a function that is asked before each claim. */
export type ForbiddenFlags =
  readonly string[] | (() => readonly string[] | Promise<readonly string[]>);

/** What a worker may be told. Give one of `connectionString` and `pool`. */
export interface WorkerOptions<App = undefined> extends SchedulingOptions {
  /**
   * Where the database is. The worker then makes connections of its own and closes them: at most
   * `maxPoolSize` for handlers, three for its own statements and one to listen on.
   */
  readonly connectionString?: string;
  /**
   * A pool to use instead; it stays open. The worker takes up to four of its connections (claim,
   * settle, recovery or schedules, listen), and a handler one for as long as it is in a transaction: with at least
   * `concurrency` + 4, nobody waits for anybody. With one connection the worker polls and doesn't
   * listen. Give the pool a `connectionTimeoutMillis`, or a server that falls silent while it is
   * connected to is waited for for ever.
   */
  readonly pool?: Pool;
  /** How many connections handlers may use at once, beside the worker's own four. Default 10. */
  readonly maxPoolSize?: number;
  /** Unquoted name of the schema. Default `graphile_worker`. */
  readonly schema?: string;
  /** The tasks to run, from the generated `defineHandlers`. */
  readonly handlers: HandlerSet<App>;
  /** Given to every handler as `ctx.app`. */
  readonly app?: App;
  /** Names the worker in locks and events; no two at once may share it. Default: random. */
  readonly workerId?: string;
  /** How many jobs run at once. Default 10. */
  readonly concurrency?: number;
  /** Milliseconds between looks for jobs that became due, such as retries. Default 2000. */
  readonly pollIntervalMs?: number;
  /** Whether to hear of new jobs through LISTEN. Off for poolers in transaction mode. Default true. */
  readonly listen?: boolean;
  /** Whether statements stay prepared. Off for poolers in transaction mode. Default true. */
  readonly preparedStatements?: boolean;
  /** Whether to bring the schema up to date at the start. Default true. */
  readonly migrate?: boolean;
  /**
   * Milliseconds that the start goes on trying while the database can't be reached or is read-only.
   * Default 0: it rejects at once. A worker that has started outlives a lost database in any case.
   */
  readonly waitForDatabaseMs?: number;
  /** Milliseconds that a new connection may take; a given pool has its own limit. Default 10,000. */
  readonly connectTimeoutMs?: number;
  /** Milliseconds after which a statement of the worker's own has lost its server. Default 30,000. */
  readonly statementTimeoutMs?: number;
  /**
   * Milliseconds between two questions to the connection that listens, whether it is alive; it has as
   * long to answer, and 5000 at most. Default 15,000.
   */
  readonly listenCheckMs?: number;
  /** Jobs with one of these flags are left alone. Default: none. */
  readonly forbiddenFlags?: ForbiddenFlags;
  /** How many jobs of a task run at once, by task identifier. Default: as many as there is room for. */
  readonly taskLimits?: TaskLimits;
  /** Milliseconds that a claimed job should wait at most until it runs. Default 200. */
  readonly bufferWaitMs?: number;
  /** How many jobs to claim ahead of need. Default `auto`: as many as `bufferWaitMs` allows. */
  readonly bufferSize?: number | "auto";
  /** Milliseconds after which a claimed job that still waits goes back. Default 2000. */
  readonly bufferTimeoutMs?: number;
  /** Milliseconds that a stop waits for running jobs before it aborts them. Default 5000. */
  readonly shutdownTimeoutMs?: number;
  /** Milliseconds that an aborted handler has to end before it is given up. Default 5000. */
  readonly abortGraceMs?: number;
  /** How a dead worker's jobs are given back; false: not at all. Default: within a minute. */
  readonly recovery?: RecoveryOptions | false;
  /**
   * Milliseconds that a stop waits, when nothing runs any more, for the database to take the last
   * results. What it doesn't take stays locked until a sweep and is told by `pool:fatalError`.
   * Default 10,000.
   */
  readonly settleTimeoutMs?: number;
  /** Told what the worker does, and handed to handlers as `ctx.log`. Default: says nothing. */
  readonly logger?: Logger;
  /** Stops the worker when it aborts. */
  readonly signal?: AbortSignal;
  /**
   * Whether SIGTERM, SIGINT, SIGHUP, SIGUSR2 and SIGABRT stop the worker, the second one at once.
   * Default false. The process ends by itself, unless something else keeps it.
   */
  readonly handleSignals?: boolean;
  /** Listeners that hear the worker's very first event. */
  readonly on?: WorkerListeners;
  /**
   * What listens and what stands around the adding, running and settling of jobs; the first one is
   * outermost. Default: nothing.
   */
  readonly plugins?: readonly Plugin[];
}

type Absent = "connectionString" | "pool" | "app" | "signal";
type Resolved = Absent | "recovery" | "taskLimits" | keyof SchedulingOptions;

/** {@link WorkerOptions} with every default filled in. */
export type ResolvedWorkerOptions<App> = Readonly<Required<Omit<WorkerOptions<App>, Resolved>>> & {
  readonly [Name in Exclude<Absent, "app">]: WorkerOptions<App>[Name] | undefined;
} & {
  readonly app: App;
  readonly recovery: ResolvedRecovery | undefined;
  readonly taskLimits: ReadonlyMap<string, TaskLimit>;
  /** The recurring jobs that the worker schedules. */
  readonly cronEntries: readonly ResolvedCronEntry[];
};

const defaults = {
  connectionString: undefined,
  pool: undefined,
  maxPoolSize: 10,
  schema: defaultSchema,
  app: undefined,
  workerId: undefined,
  concurrency: 10,
  pollIntervalMs: 2000,
  listen: true,
  preparedStatements: true,
  migrate: true,
  waitForDatabaseMs: 0,
  connectTimeoutMs: 10_000,
  statementTimeoutMs: 30_000,
  listenCheckMs: 15_000,
  forbiddenFlags: Object.freeze([]),
  taskLimits: Object.freeze({}),
  bufferWaitMs: 200,
  bufferSize: "auto",
  bufferTimeoutMs: 2000,
  shutdownTimeoutMs: 5000,
  abortGraceMs: 5000,
  recovery: Object.freeze({}),
  settleTimeoutMs: 10_000,
  logger: silentLogger,
  signal: undefined,
  handleSignals: false,
  on: Object.freeze({}),
  plugins: Object.freeze([]),
} as const;

const known = [...Object.keys(defaults), ...Object.keys(cronDefaults), "handlers"];
const counts = ["concurrency", "maxPoolSize"] as const;
const durations = [
  "pollIntervalMs",
  "bufferWaitMs",
  "bufferTimeoutMs",
  "shutdownTimeoutMs",
  "abortGraceMs",
  "settleTimeoutMs",
  "waitForDatabaseMs",
  "connectTimeoutMs",
  "statementTimeoutMs",
  "listenCheckMs",
] as const;
/** Nothing could ever happen in no time. */
const positive = new Set<string>([
  "pollIntervalMs",
  "connectTimeoutMs",
  "statementTimeoutMs",
  "listenCheckMs",
]);
const switches = ["listen", "preparedStatements", "migrate", "handleSignals"] as const;

/**
 * Fills in defaults and checks everything, once.
 * @param owner The function whose options they are, for messages.
 * @param others Options that the function has beside these.
 * @throws TaskwrightError `OPTION_UNKNOWN`, `OPTION_INVALID`, `CRONTAB_INVALID`
 */
export function resolveWorkerOptions<App>(
  owner: string,
  given: WorkerOptions<App>,
  others: readonly string[] = [],
): ResolvedWorkerOptions<App> {
  refuseUnknownOptions(owner, given, [...known, ...others]);
  const set = Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined));
  const options = { ...defaults, ...set } as unknown as ResolvedWorkerOptions<App>;
  checkNumbers(owner, options);
  checkOthers(owner, options);
  const workerId = options.workerId ?? `taskwright-${randomBytes(9).toString("hex")}`;
  const { recovery = {}, taskLimits = {} } = given;
  const { tasks } = options.handlers;
  return Object.freeze({
    ...options,
    workerId,
    recovery: recovery === false ? undefined : resolveRecovery(recovery),
    taskLimits: resolveTaskLimits(taskLimits, [...tasks.keys()]),
    cronEntries: resolveCronOptions(owner, tasks, {
      ...cronDefaults,
      ...(set as SchedulingOptions),
    }),
  });
}

function checkNumbers<App>(owner: string, options: ResolvedWorkerOptions<App>): void {
  for (const name of counts) {
    if (!isInteger(options[name], 1)) refuseOption(owner, name, "an integer from 1");
  }
  for (const name of durations) {
    const least = positive.has(name) ? 1 : 0;
    if (!(options[name] >= least && options[name] <= maxTimerMs)) {
      refuseOption(owner, name, `a number of milliseconds from ${least} to ${maxTimerMs}`);
    }
  }
  if (options.bufferSize !== "auto" && !isInteger(options.bufferSize, 0)) {
    refuseOption(owner, "bufferSize", `an integer from 0, or "auto"`);
  }
}

function checkOthers<App>(owner: string, options: ResolvedWorkerOptions<App>): void {
  if ((options.connectionString === undefined) === (options.pool === undefined)) {
    refuseOption(owner, "connectionString", "given, or a pool instead of it, and not both");
  }
  for (const name of switches) {
    if (typeof options[name] !== "boolean") refuseOption(owner, name, "true or false");
  }
  if (!(options.handlers?.tasks instanceof Map) || options.handlers.tasks.size === 0) {
    refuseOption(owner, "handlers", "what defineHandlers returns, with at least one task");
  }
  const id: unknown = options.workerId;
  if (id !== undefined && (typeof id !== "string" || id === "" || id.includes("\0"))) {
    refuseOption(owner, "workerId", "a string that is not empty");
  }
  const flags: unknown = options.forbiddenFlags;
  if (!Array.isArray(flags) && typeof flags !== "function") {
    refuseOption(owner, "forbiddenFlags", "an array of strings or a function");
  }
  checkLogger(owner, options.logger);
  checkListeners(owner, options.on);
  checkPlugins(owner, options.plugins);
}

function isInteger(value: unknown, least: number): boolean {
  return Number.isSafeInteger(value) && (value as number) >= least;
}
