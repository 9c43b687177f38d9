import type { Executor } from "../database/executor.js";
import type { Job } from "../jobs/job.js";
import type { Logger } from "../log.js";
import type { AddJob } from "./added.js";

/**
 * What the scheduler wrote into the payload of a recurring job.
 * Source: graphile-worker's crontab, `_cron`.
 */
export interface CronInfo {
  /** The tick that the job is for, in ISO 8601. */
  readonly ts: string;
  /** Whether the tick was before the scheduler's start, and was made up for. */
  readonly backfilled: boolean;
}

/** A transaction that a handler opened; what is added in it is there once it commits. */
export interface JobTransaction extends Executor {
  /** As the context's `add`. */
  readonly add: AddJob;
}

/** What a handler gets beside its payload. */
export interface JobContext<App = undefined, Payload = unknown> {
  /** The job as it was claimed; `attempts` counts this attempt. */
  readonly job: Job<Payload>;
  /** The worker's `app` option. */
  readonly app: App;
  /**
   * Aborts at the task's timeout, at the end of a shutdown's patience, when the lock is lost and when
   * the job is removed through its key.
   */
  readonly signal: AbortSignal;
  /** The worker's logger with the job's id and task added. */
  readonly log: Logger;
  /** Runs SQL on the worker's pool, outside of any transaction. */
  readonly db: Executor;
  /** Runs `fn` in a transaction: commits when it resolves, rolls back when it rejects. */
  readonly withTransaction: <T>(fn: (tx: JobTransaction) => Promise<T>) => Promise<T>;
  /**
   * Adds a job of any task, such as `sendEmail` of the generated code, on the worker's pool and
   * through its plugins. Undefined when a plugin left it out.
   * @throws TaskwrightError `PAYLOAD_INVALID`, `SPEC_INVALID`, `PLUGIN_INVALID`, and what a plugin
   * throws.
   */
  readonly add: AddJob;
  /**
   * Completes the job inside a transaction of the handler's, such as `withTransaction` gives: the
   * completion commits with the handler's own writes or not at all, so that these happen exactly
   * once, whenever the worker dies. Call it once in a transaction, best as its last statement: until
   * the commit it keeps the job's row, and the row of its queue, locked.
   *
   * What the handler returns or throws after the commit changes nothing. If the transaction was
   * rolled back, the attempt fails, also when the handler then returns (`COMPLETION_ROLLED_BACK`).
   * @throws TaskwrightError `JOB_LOST` when the worker no longer holds the job; the transaction can't
   * commit then. `OPTION_INVALID` when `tx` is no transaction, such as a pool, `db`, or a client without BEGIN: then
   * nothing was changed.
   */
  readonly completeIn: (tx: Executor) => Promise<void>;
  /** Set when a scheduler added the job, ours or a peer's. */
  readonly cron: CronInfo | undefined;
  /** The trace context that the Rust peer puts into payloads, and into each item of a batch. */
  readonly trace: unknown;
}
