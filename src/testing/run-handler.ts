import { randomUUID } from "node:crypto";
import type { Pool } from "pg";
import { Database } from "../database/database.js";
import type { Executor } from "../database/executor.js";
import { bindQueries } from "../database/queries.js";
import { TaskwrightError } from "../errors.js";
import type { Job } from "../jobs/job.js";
import { checkLogger, silentLogger, type Logger } from "../log.js";
import { refuseOption, refuseUnknownOptions } from "../options.js";
import { checkPlugins, type Plugin } from "../plugins/plugin.js";
import { composeRun } from "../plugins/run.js";
import type { InputOf } from "../tasks/added.js";
import { toInsert } from "../tasks/enqueue.js";
import type { BoundTask, HandlerOf, HandlerSet, PayloadOf } from "../tasks/handlers.js";
import type { TaskSpec } from "../tasks/spec.js";
import type { AnyTask } from "../tasks/task.js";
import { Run } from "../worker/run.js";
import { shareContext, type HandlerDatabase } from "../worker/shared-context.js";
import { addHeldJob } from "./held-job.js";
import { isPool, TestTransaction } from "./transaction.js";

/** What a handler is run with. */
export interface RunHandlerOptions<App> {
  /** A pool; or a transaction, such as `withRollback` gives, in which all of it happens then. */
  readonly db: Pool | Executor;
  /** Given to the handler as `ctx.app`. */
  readonly app?: App;
  /** Unquoted name of the schema. Default: the task's. */
  readonly schema?: string;
  /** How the job would have been added, for `ctx.job`. No queue is locked and no key taken. */
  readonly spec?: TaskSpec;
  /** Which attempt it is. Default 1. */
  readonly attempts?: number;
  /** Stands around the handler and what it adds, as in a worker. Default: nothing. */
  readonly plugins?: readonly Plugin[];
  /** Handed to the handler as `ctx.log`. Default: says nothing. */
  readonly logger?: Logger;
  /** Aborts `ctx.signal`, as a worker's shutdown does. */
  readonly signal?: AbortSignal;
}

/** What came of a handler that succeeded. */
export interface HandlerRun<Task> {
  /** The job as the handler saw it. It is not in the database any more. */
  readonly job: Job<PayloadOf<Task>>;
  /** Whether a transaction of the handler's completed the job (`ctx.completeIn`). */
  readonly wasCompletedIn: boolean;
}

/** Milliseconds that an aborted handler has to end. */
const abortGraceMs = 1000;

const owner = "runHandler";
const known = ["db", "app", "schema", "spec", "attempts", "plugins", "logger", "signal"];

/**
 * Runs a handler once, as a worker would: the payload is validated and has its defaults filled in, the
 * context is typed and whole, the task's timeout holds, the results of a batch are looked at. Resolves
 * when the attempt succeeded and rejects with what failed it.
 *
 * There is a job meanwhile, locked, so that `ctx.completeIn` works; it is removed in the end. With a
 * transaction as `db`, `ctx.db` and `ctx.withTransaction` are parts of it: what the handler does by
 * other connections doesn't see the job, nor is it rolled back.
 * @param handler The task's handler, or the set that has it, such as `defineHandlers` returns.
 * @throws TaskwrightError `PAYLOAD_INVALID`, `SPEC_INVALID`, `TASK_UNKNOWN`, `OPTION_UNKNOWN`,
 * `OPTION_INVALID`, `SCHEMA_MISSING`; `JOB_TIMEOUT`, `JOB_ABORTED`, `BATCH_ITEMS_FAILED`, and the rest
 * that fails an attempt.
 */
export async function runHandler<Task extends AnyTask, App = undefined>(
  task: Task,
  handler: HandlerOf<Task, App> | HandlerSet<App>,
  payload: InputOf<Task>,
  options: RunHandlerOptions<App> & (undefined extends App ? unknown : { readonly app: App }),
): Promise<HandlerRun<Task>> {
  const bound = findHandler(task, handler);
  checkOptions(options);
  const { db } = options;
  if (!isPool(db)) {
    const transaction = db instanceof TestTransaction ? db : new TestTransaction(db);
    return run(bound, payload, transaction, options);
  }
  const database = new Database({ pool: db, preparedStatements: false });
  try {
    return await run(bound, payload, database, options);
  } finally {
    await database.end();
  }
}

function findHandler<App>(task: AnyTask, handler: unknown): BoundTask<App> {
  if (typeof handler === "function") return { task, handler } as BoundTask<App>;
  const bound = (handler as HandlerSet<App> | undefined)?.tasks?.get(task.identifier);
  if (bound !== undefined) return { ...bound, task };
  throw new TaskwrightError(
    "TASK_UNKNOWN",
    `The given handlers have none for task ${task.identifier}.`,
    { task: task.identifier },
  );
}

function checkOptions<App>(options: RunHandlerOptions<App>): void {
  refuseUnknownOptions(owner, options, known);
  const { db, attempts = 1, plugins = [], logger = silentLogger } = options;
  if (typeof db?.query !== "function") refuseOption(owner, "db", "a pool or a transaction");
  if (!Number.isInteger(attempts) || attempts < 1) {
    refuseOption(owner, "attempts", "an integer from 1");
  }
  checkPlugins(owner, plugins);
  checkLogger(owner, logger);
}

async function run<Task, App>(
  bound: BoundTask<App>,
  payload: unknown,
  db: HandlerDatabase,
  options: RunHandlerOptions<App>,
): Promise<HandlerRun<Task>> {
  const { spec, attempts = 1, plugins = [], logger = silentLogger, signal } = options;
  const schema = options.schema ?? bound.task.schema;
  const queries = bindQueries({ schema, preparedStatements: false });
  const workerId = `taskwright-testing-${randomUUID()}`;
  const insert = toInsert(bound.task, payload, spec);
  const job = await addHeldJob(insert, { queries, db, workerId, attempts });
  const app = options.app as App;
  const attempt = new Run(job, bound, {
    shared: shareContext({ app, logger, schema, preparedStatements: false, plugins }, db),
    chain: composeRun(plugins),
    completion: { queries, db, workerId },
    abortGraceMs,
    onLate: () => {},
  });
  const abort = () => attempt.abort("shutdown");
  if (signal?.aborted === true) abort();
  signal?.addEventListener("abort", abort);
  try {
    const outcome = await attempt.start();
    if (outcome.kind === "failed") throw outcome.error;
    if (outcome.kind === "returned") throw attempt.signal.reason;
    return { job: job.job as Job<PayloadOf<Task>>, wasCompletedIn: outcome.kind === "committed" };
  } finally {
    signal?.removeEventListener("abort", abort);
    await queries.removeHeldJob(db, { id: job.id });
  }
}
