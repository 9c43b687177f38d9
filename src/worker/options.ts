import { randomBytes } from "node:crypto";
import { types } from "node:util";
import type { Pool } from "pg";
import { resolveCronOptions, schedulingRules, type SchedulingOptions } from "../cron/options.js";
import type { ResolvedCronEntry } from "../cron/resolve.js";
import { defaultSchema } from "../database/identifier.js";
import { checkListeners } from "../event-names.js";
import type { WorkerListeners } from "../events.js";
import { loggerRule, silentLogger, type Logger } from "../log.js";
import {
  abortSignal,
  anything,
  boolean,
  integer,
  maxConnections,
  maxInt32,
  milliseconds,
  name,
  names,
  pool,
  record,
  Rule,
  schemaName,
  type Rules,
} from "../option-rules.js";
import { checkOptions, refuseOption, type Checked } from "../options.js";
import { checkPlugins, pluginsRule, type Plugin } from "../plugins/plugin.js";
import {
  resolveRecovery,
  type RecoveryOptions,
  type ResolvedRecovery,
} from "../recovery/options.js";
import {
  resolveIsolation,
  type IsolationOptions,
  type ResolvedIsolation,
} from "../isolation/options.js";
import type { HandlerSet } from "../tasks/handlers.js";
import { checkIsolation } from "./check-isolation.js";
import { resolveTaskLimits, type TaskLimit, type TaskLimits } from "./limits.js";

/** Flags that this worker leaves alone: a list, or a function that is asked before each claim. */
export type ForbiddenFlags =
  readonly string[] | (() => readonly string[] | Promise<readonly string[]>);

/** Options of `startWorker` and `runOnce`. Give one of `connectionString` and `pool`. */
export interface WorkerOptions<App = undefined> extends SchedulingOptions {
  /**
   * Where the database is. The worker then makes connections of its own and closes them: at most
   * `maxPoolSize` for handlers, three for its own statements and one to listen on.
   */
  readonly connectionString?: string;
  /**
   * A pool to use instead; it stays open. The worker takes up to four of its connections (claim,
   * settle, recovery or schedules, listen), and a handler one for as long as it is in a transaction: with at least
   * `concurrency` + 4, no handler waits for a connection. With one connection the worker polls and doesn't
   * listen. Give the pool a `connectionTimeoutMillis`, or a server that falls silent while it is
   * connected to is waited for for ever.
   */
  readonly pool?: Pool;
  /**
   * How many connections handlers may use at once, beside the worker's own four. Default 10; 1 to
   * 10,000.
   */
  readonly maxPoolSize?: number;
  /** Unquoted name of the schema. Default `graphile_worker`. */
  readonly schema?: string;
  /** The tasks to run, from the generated `defineHandlers`. */
  readonly handlers: HandlerSet<App>;
  /** Given to every handler as `ctx.app`. */
  readonly app?: App;
  /** Names the worker in locks and events; no two at once may share it. Default: random. */
  readonly workerId?: string;
  /** How many jobs run at once. Default 10; 1 to 100,000. */
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
  /**
   * How many jobs to claim ahead of need, at most 1,000,000. Default `auto`: as many as `bufferWaitMs`
   * allows.
   */
  readonly bufferSize?: number | "auto";
  /**
   * Bytes of payloads, as JSON text, that claimed jobs may have while they wait to run. A claim brings
   * no more than is left of it, but always one job, however large; the rest stays in the queue for any
   * worker. Payloads of running jobs come on top: mind `concurrency`. Default 33,554,432 (32 MiB); 1 to
   * 2,147,483,647.
   */
  readonly maxBufferedBytes?: number;
  /** Milliseconds after which a claimed job that still waits goes back. Default 2000. */
  readonly bufferTimeoutMs?: number;
  /**
   * Milliseconds that a stop waits for running jobs before it aborts them. Default 4000. With the defaults
   * of `abortGraceMs` and `settleTimeoutMs` a stop takes at most 8 s, a second for closing connections
   * included: container runtimes kill a process 10 s after SIGTERM.
   */
  readonly shutdownTimeoutMs?: number;
  /** Milliseconds that an aborted handler has to end before it is given up. Default 1000. */
  readonly abortGraceMs?: number;
  /** How a dead worker's jobs are given back; false: not at all. Default: within a minute. */
  readonly recovery?: RecoveryOptions | false;
  /** How the handlers of tasks with `x-task.isolate` run. Required, with `module`, for such a handler. */
  readonly isolation?: IsolationOptions;
  /**
   * Milliseconds that the event loop may be blocked before `eventLoop:blocked` is emitted and logged,
   * with the jobs that ran; 0: nothing is measured. Default 1000.
   */
  readonly blockedLoopMs?: number;
  /**
   * Milliseconds that a stop waits, when nothing runs any more, for the database to take the last
   * results. What it doesn't take stays locked until a sweep and is told by `pool:fatalError`.
   * Default 2000.
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
type Resolved = Absent | "recovery" | "isolation" | "taskLimits" | keyof SchedulingOptions;

/** {@link WorkerOptions} with every default filled in. */
export type ResolvedWorkerOptions<App> = Readonly<Required<Omit<WorkerOptions<App>, Resolved>>> & {
  readonly [Name in Exclude<Absent, "app">]: WorkerOptions<App>[Name] | undefined;
} & {
  readonly app: App;
  readonly recovery: ResolvedRecovery | undefined;
  readonly isolation: ResolvedIsolation;
  readonly taskLimits: ReadonlyMap<string, TaskLimit>;
  /** The recurring jobs that the worker schedules. */
  readonly cronEntries: readonly ResolvedCronEntry[];
};

/** A claim's statement reads a few times as many rows: the product must stay far below 2**31. */
const maxConcurrency = 100_000;
const maxBufferSize = 1_000_000;

const isHandlerSet = (value: unknown): boolean => {
  const { tasks } = value as { readonly tasks?: unknown };
  return types.isMap(tasks) && tasks.size > 0;
};

/** Each option's rule and default. */
const rules = {
  connectionString: name(),
  pool: pool<Pool>(),
  maxPoolSize: integer(1, maxConnections).or(10),
  schema: schemaName().or(defaultSchema),
  handlers: new Rule<HandlerSet<never>>(
    "what defineHandlers returns, with at least one task",
    isHandlerSet,
  ).required(),
  app: anything(),
  workerId: name(),
  concurrency: integer(1, maxConcurrency).or(10),
  pollIntervalMs: milliseconds(1).or(2000),
  listen: boolean().or(true),
  preparedStatements: boolean().or(true),
  migrate: boolean().or(true),
  waitForDatabaseMs: milliseconds().or(0),
  connectTimeoutMs: milliseconds(1).or(10_000),
  statementTimeoutMs: milliseconds(1).or(30_000),
  listenCheckMs: milliseconds(1).or(15_000),
  forbiddenFlags: names()
    .orIs<Exclude<ForbiddenFlags, readonly string[]>>(
      "a function that gives one",
      (value) => typeof value === "function",
    )
    .or(Object.freeze([])),
  taskLimits: record<TaskLimits>("an object with limits by task").or(Object.freeze({})),
  bufferWaitMs: milliseconds().or(200),
  bufferSize: integer(0, maxBufferSize)
    .orIs<"auto">('"auto"', (value) => value === "auto")
    .or("auto"),
  maxBufferedBytes: integer(1, maxInt32).or(32 * 1024 * 1024),
  bufferTimeoutMs: milliseconds().or(2000),
  shutdownTimeoutMs: milliseconds().or(4000),
  abortGraceMs: milliseconds().or(1000),
  recovery: record<RecoveryOptions>("an object of options")
    .orIs<false>("false", (value) => value === false)
    .or(Object.freeze({})),
  isolation: record<IsolationOptions>("an object of options").or(Object.freeze({})),
  blockedLoopMs: milliseconds().or(1000),
  settleTimeoutMs: milliseconds().or(2000),
  logger: loggerRule().or(silentLogger),
  signal: abortSignal(),
  handleSignals: boolean().or(false),
  on: record<WorkerListeners>("an object with a function for each event").or(Object.freeze({})),
  plugins: pluginsRule().or(Object.freeze([])),
  ...schedulingRules,
} satisfies Rules<WorkerOptions>;

/**
 * Fills in defaults and checks everything, once.
 * @param owner The function whose options they are, for messages.
 * @throws TaskwrightError `OPTION_UNKNOWN`, `OPTION_INVALID`, `CRONTAB_INVALID`
 */
export function resolveWorkerOptions<App>(
  owner: string,
  given: WorkerOptions<App>,
): ResolvedWorkerOptions<App> {
  return complete<App>(owner, checkOptions(owner, given, rules));
}

/** The longest that a run may take. */
const runRules = { ...rules, deadlineMs: milliseconds() };

/**
 * As `resolveWorkerOptions`, for `runOnce`.
 * @throws TaskwrightError as `resolveWorkerOptions`
 */
export function resolveRunOptions<App>(
  given: WorkerOptions<App> & { readonly deadlineMs?: number },
): ResolvedWorkerOptions<App> & { readonly deadlineMs: number | undefined } {
  const options = checkOptions("runOnce", given, runRules);
  return { ...complete<App>("runOnce", options), deadlineMs: options.deadlineMs };
}

/** Checks what concerns several options, or parts of one. */
function complete<App>(owner: string, options: Checked<typeof rules>): ResolvedWorkerOptions<App> {
  if ((options.connectionString === undefined) === (options.pool === undefined)) {
    refuseOption(owner, "connectionString", "given, or a pool instead of it, and not both");
  }
  checkListeners(owner, options.on);
  checkPlugins(owner, options.plugins);
  const { recovery, taskLimits } = options;
  const handlers = options.handlers as HandlerSet<App>;
  const isolation = resolveIsolation(options.isolation, `${owner}.isolation`);
  checkIsolation(owner, handlers, { ...options, isolation });
  return Object.freeze({
    ...options,
    handlers,
    app: options.app as App,
    workerId: options.workerId ?? `taskwright-${randomBytes(9).toString("hex")}`,
    isolation,
    recovery: recovery === false ? undefined : resolveRecovery(recovery),
    taskLimits: resolveTaskLimits(taskLimits, [...handlers.tasks.keys()]),
    cronEntries: resolveCronOptions(handlers.tasks, options),
  });
}
