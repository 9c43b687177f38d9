import { sqlState } from "../database/failure.js";
import type { Executor } from "../database/executor.js";
import type { Queries } from "../database/queries.js";
import { TaskwrightError } from "../errors.js";
import { Backoff, Pause } from "../services/backoff.js";
import type { ClaimedJob } from "./claimed-job.js";

/** Raised by the database (sql/migrations/14_settle_jobs.sql). */
const lostState = "TWLST";

export interface CompletionOptions {
  readonly queries: Queries;
  /** Not the transaction: it looks at the job from outside. */
  readonly db: Executor;
  readonly workerId: string;
}

/** What became of a completion: in the database, not in it, or nobody waits for the answer any more. */
export type CompletionResult = "committed" | "undone" | "unknown";

/**
 * The completion of one job by its handler's own transaction. Whether it happened is decided by that
 * transaction, which the worker doesn't see: once the handler has ended, the job's row tells.
 *
 *                              the handler ends
 *     idle --completeIn()--> written ----------> row gone: committed
 *                                                row locked by a transaction: looks again
 *                                                row there: undone
 */
export class Completion {
  readonly #options: CompletionOptions;
  readonly #job: ClaimedJob;
  readonly #backoff = new Backoff({ firstMs: 10, maxMs: 1000 });
  readonly #pause = new Pause();
  /** The transaction that completes the job, unless the database refused it. */
  #tx: Executor | undefined;
  #isCommitted = false;
  #isClosed = false;
  #hasGivenUp = false;

  constructor(job: ClaimedJob, options: CompletionOptions) {
    this.#job = job;
    this.#options = options;
  }

  /** Whether some transaction completes the job, or has done so. */
  get isWritten(): boolean {
    return this.#tx !== undefined;
  }

  /** @throws TaskwrightError `JOB_LOST`; the transaction can't commit then. */
  async completeIn(tx: Executor): Promise<void> {
    const { queries, workerId } = this.#options;
    const { id, lockedAt } = this.#job;
    if (this.#isClosed) throw this.#lostError();
    // From here on the row may be locked, whatever becomes of the answer.
    this.#tx = tx;
    try {
      await queries.completeJob(tx, { workerId, jobId: id, lockedAt });
    } catch (error) {
      if (sqlState(error) !== lostState) throw error;
      this.#tx = undefined;
      throw this.#lostError(error);
    }
  }

  /** The transaction is known to have been committed. */
  onCommitted(tx: Executor): void {
    if (this.#tx === tx) this.#isCommitted = true;
  }

  /** Refuses further use: the handler isn't waited for any more. */
  close(): void {
    this.#isClosed = true;
  }

  /**
   * Finds out what happened. While the handler's transaction is open it waits:
   * a statement that touched the job would wait too, and all results of its group with it.
   */
  async result(): Promise<CompletionResult> {
    if (this.#isCommitted) return "committed";
    while (!this.#hasGivenUp) {
      const result = await this.#look();
      if (result !== undefined) return result;
      await this.#pause.wait(this.#backoff.next());
    }
    return "unknown";
  }

  /** Waits for the answer no longer. */
  giveUp(): void {
    this.#hasGivenUp = true;
    this.#pause.end();
  }

  /** Undefined as long as it isn't decided, or the database doesn't answer. */
  async #look(): Promise<CompletionResult | undefined> {
    const { queries, db, workerId } = this.#options;
    const { id, lockedAt } = this.#job;
    try {
      const [row] = await queries.lookAtJob(db, { workerId, jobId: id, lockedAt });
      if (row === undefined || !row.isThere) return "committed";
      return row.isHeld && !row.isFree ? undefined : "undone";
    } catch {
      return undefined;
    }
  }

  #lostError(cause?: unknown): TaskwrightError {
    const { id, task } = this.#job;
    return new TaskwrightError(
      "JOB_LOST",
      `Job ${id} can't be completed: this worker holds it no more, since it was completed, taken away or given up. Let the transaction roll back.`,
      { jobId: id, task },
      cause === undefined ? undefined : { cause },
    );
  }
}
