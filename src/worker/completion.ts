import { sqlState } from "../database/failure.js";
import type { Executor } from "../database/executor.js";
import type { Queries } from "../database/queries.js";
import { TaskwrightError } from "../errors.js";
import { refuseOption } from "../options.js";
import { Backoff, Pause } from "../services/backoff.js";
import type { ClaimedJob } from "./claimed-job.js";
import type { CompletionLooks, Look } from "./completion-looks.js";

/** Raised by the database (sql/migrations/17_settle_jobs.sql). */
const lostState = "TWLST";

export interface CompletionOptions {
  readonly queries: Queries;
  readonly looks: CompletionLooks;
  readonly workerId: string;
}

/** The result of a completion: committed, undone, or unknown because the worker stopped waiting. */
export type CompletionResult = "committed" | "undone" | "unknown";

/**
 * The completion of one job by transactions of its handler's. Whether it happened is decided by those
 * transactions, which the worker doesn't see: they may be rolled back, as a whole or to a savepoint,
 * after `completeIn` has resolved. So the job's row decides, once the handler has ended.
 *
 *     idle --completeIn()--> written --the handler ends--> looking
 *
 *     looking: the row is held and free               undone
 *              held, and a transaction has locked it  looks again
 *              gone, and a transaction committed      committed
 *              gone, or another's; none committed     undone: the settlement will find it lost
 *              as before, and a call has no answer    looks again
 */
export class Completion {
  readonly #options: CompletionOptions;
  readonly #job: ClaimedJob;
  readonly #backoff = new Backoff({ firstMs: 10, maxMs: 1000 });
  readonly #pause = new Pause();
  /** The ids of transactions in which the job was, or may have been, completed. */
  readonly #transactions = new Set<string>();
  /** How many calls are under way. */
  #calls = 0;
  #isClosed = false;
  #hasGivenUp = false;

  constructor(job: ClaimedJob, options: CompletionOptions) {
    this.#job = job;
    this.#options = options;
  }

  /** Whether some transaction completes the job, or has done so, or may have. */
  get isWritten(): boolean {
    return this.#calls > 0 || this.#transactions.size > 0;
  }

  /**
   * Completes the job in a transaction.
   * @param isTransaction Whether `tx` is known to be a transaction; else it is found out.
   * @throws TaskwrightError `JOB_LOST`, when the transaction can't commit; `OPTION_INVALID`
   */
  async completeIn(tx: Executor, isTransaction: boolean): Promise<void> {
    if (this.#isClosed) throw this.#lostError();
    const { queries } = this.#options;
    // From here on the row may be locked, whatever becomes of the answer.
    this.#calls += 1;
    try {
      const [known] = isTransaction ? [] : await queries.readOwnTransaction(tx);
      await this.#complete(tx, known?.id);
    } finally {
      this.#calls -= 1;
    }
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
    while (!this.#hasGivenUp) {
      // A call that ends during the look may name a transaction that the look doesn't know of.
      const isKnown = this.#calls === 0;
      const look = await this.#options.looks.look(this.#job, this.#transactions);
      const result = look === undefined ? undefined : decide(look, isKnown);
      if (result !== undefined) return result;
      if (!this.#hasGivenUp) await this.#pause.wait(this.#backoff.next());
    }
    return "unknown";
  }

  /** Waits for the answer no longer. */
  giveUp(): void {
    this.#hasGivenUp = true;
    this.#pause.end();
  }

  /** @param expectedId The only transaction in which something may happen, if it is known. */
  async #complete(tx: Executor, expectedId: string | undefined): Promise<void> {
    const { queries, workerId } = this.#options;
    const { id: jobId, lockedAt } = this.#job;
    const params = { workerId, jobId, lockedAt, transactionId: expectedId };
    const [row] = await queries.completeJob(tx, params).catch(async (error: unknown) => {
      // An earlier call in the same transaction keeps what it did: this one may be undone alone.
      if (sqlState(error) === lostState) throw this.#lostError(error);
      if (sqlState(error) === undefined) await this.#suspect(tx, expectedId);
      throw error;
    });
    if (row?.isExpected !== true) refuseTransaction();
    this.#transactions.add(row.transactionId);
  }

  /** The answer was lost: the transaction may have completed the job, if it goes on at all. */
  async #suspect(tx: Executor, expectedId: string | undefined): Promise<void> {
    const { queries } = this.#options;
    const read = () => queries.readOwnTransaction(tx).catch(() => []);
    const [own] = expectedId === undefined ? await read() : [{ id: expectedId }];
    if (own !== undefined) this.#transactions.add(own.id);
  }

  #lostError(cause?: unknown): TaskwrightError {
    const { id, task } = this.#job;
    return new TaskwrightError(
      "JOB_LOST",
      `Job ${id} can't be completed: this worker no longer holds it: the job was completed, given to another worker, or given up. Let the transaction roll back.`,
      { jobId: id, task },
      cause === undefined ? undefined : { cause },
    );
  }
}

/**
 * Undefined as long as it isn't decided.
 * @param isKnown Whether the look was told of every transaction that may have completed the job.
 */
function decide(
  { isThere, isHeld, isFree, isCommitted }: Look,
  isKnown: boolean,
): CompletionResult | undefined {
  if (isHeld) return isFree ? "undone" : undefined;
  if (!isThere && isCommitted) return "committed";
  return isKnown ? "undone" : undefined;
}

/** @throws TaskwrightError `OPTION_INVALID` */
export function refuseTransaction(): never {
  refuseOption(
    "completeIn",
    "tx",
    "a transaction: what ctx.withTransaction gives, a client after BEGIN, or a transaction of another library",
  );
}
