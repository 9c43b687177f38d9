import { randomUUID } from "node:crypto";
import { types } from "node:util";
import type { Pool } from "pg";
import { Database } from "../database/database.js";
import { isPool, type Executor } from "../database/executor.js";
import { bindQueries } from "../database/queries.js";
import { TaskwrightError } from "../errors.js";
import type { Job } from "../jobs/job.js";
import { loggerRule, silentLogger, type Logger } from "../log.js";
import {
  abortSignal,
  anything,
  executor,
  integer,
  maxInt16,
  Rule,
  schemaName,
  type Rules,
} from "../option-rules.js";
import { checkOption, checkOptions, type Checked } from "../options.js";
import { checkPlugins, pluginsRule, type Plugin } from "../plugins/plugin.js";
import { composeRun } from "../plugins/run.js";
import type { InputOf } from "../tasks/added.js";
import { toInsert } from "../tasks/enqueue.js";
import type { BoundTask, HandlerOf, HandlerSet, PayloadOf } from "../tasks/handlers.js";
import type { TaskSpec } from "../tasks/spec.js";
import type { AnyTask } from "../tasks/task.js";
import { CompletionLooks } from "../worker/completion-looks.js";
import { Run } from "../worker/run.js";
import { shareContext, type HandlerDatabase } from "../worker/shared-context.js";
import { addHeldJob } from "./held-job.js";
import { taskRule } from "./task-rule.js";
import { TestTransaction } from "./transaction.js";

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
  /** Which attempt it is. Default 1; at most 32,767. */
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

/** Each option's rule and default. The spec is checked as an added job's. */
const rules = {
  db: executor<Pool | Executor>().required(),
  app: anything(),
  schema: schemaName(),
  spec: anything<TaskSpec>(),
  attempts: integer(1, maxInt16).or(1),
  plugins: pluginsRule().or(Object.freeze([])),
  logger: loggerRule().or(silentLogger),
  signal: abortSignal(),
} satisfies Rules<RunHandlerOptions<unknown>>;

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
  given: RunHandlerOptions<App> & (undefined extends App ? unknown : { readonly app: App }),
): Promise<HandlerRun<Task>> {
  checkOption(owner, "task", task, taskRule);
  const bound = findHandler<App>(task, handler);
  const options = checkOptions(owner, given, rules);
  checkPlugins(owner, options.plugins);
  const { db } = options;
  if (!isPool(db)) {
    const transaction = TestTransaction.is(db) ? db : new TestTransaction(db);
    return run(bound, payload, transaction, options);
  }
  const database = new Database({ pool: db, preparedStatements: false });
  try {
    return await run(bound, payload, database, options);
  } finally {
    await database.end();
  }
}

const handlerSetRule = new Rule<HandlerSet<never>>("what defineHandlers returns", (value) =>
  types.isMap((value as HandlerSet<never>).tasks),
);

function findHandler<App>(task: AnyTask, handler: unknown): BoundTask<App> {
  if (typeof handler === "function") return { task, handler } as BoundTask<App>;
  const bound = handlerSetRule.accepts(handler)
    ? (handler as HandlerSet<App>).tasks.get(task.identifier)
    : undefined;
  if (bound !== undefined) return { ...bound, task };
  throw new TaskwrightError(
    "TASK_UNKNOWN",
    `The given handlers have none for task ${task.identifier}.`,
    { task: task.identifier },
  );
}

async function run<Task, App>(
  bound: BoundTask<App>,
  payload: unknown,
  db: HandlerDatabase,
  options: Checked<typeof rules>,
): Promise<HandlerRun<Task>> {
  const { spec, attempts, plugins, logger, signal } = options;
  const schema = options.schema ?? bound.task.schema;
  const queries = bindQueries({ schema, preparedStatements: false });
  const workerId = `taskwright-testing-${randomUUID()}`;
  const insert = toInsert(bound.task, payload, spec);
  const job = await addHeldJob(insert, { queries, db, workerId, attempts });
  const app = options.app as App;
  const attempt = new Run(job, bound, {
    shared: shareContext({ app, logger, schema, preparedStatements: false, plugins }, db),
    chain: composeRun(plugins),
    completion: { queries, workerId, looks: new CompletionLooks({ queries, db, workerId }) },
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
