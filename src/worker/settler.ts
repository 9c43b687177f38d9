import { breaksConnection, lockedState, sqlState } from "../database/failure.js";
import type { Executor } from "../database/executor.js";
import type { Queries } from "../database/queries.js";
import { toError } from "../errors.js";
import type { WorkerEvents } from "../events.js";
import { toRetryText } from "../tasks/retry.js";
import { Backoff, Pause } from "../services/backoff.js";
import { Busy, lookIntervalMs } from "./busy.js";
import type { ClaimedJob } from "./claimed-job.js";
import { toErrorMessage, type Settlement } from "./outcome.js";
import { Lifecycle, type Service } from "../services/service.js";

/** More at once gains nothing, and would hold many rows locked for one statement's time. */
const maxBatch = 2000;

export interface SettlerOptions {
  readonly queries: Queries;
  readonly db: Executor;
  readonly workerId: string;
  readonly events: WorkerEvents;
  /** Called when results are in the database. */
  readonly onSettled: (settled: readonly Settlement[]) => void;
}

/**
 * Writes results to the database in groups: one statement is under way at a time, and what comes
 * meanwhile goes out together in the next. No timer holds a result back, so an idle worker settles
 * at once and a busy one in groups as large as the database is slow.
 *
 * A statement that fails is tried again until it is known to have happened. Jobs that somebody else
 * has locked hold up nobody: they stand aside until they are free.
 */
export class Settler implements Service {
  readonly #options: SettlerOptions;
  readonly #lifecycle = new Lifecycle();
  readonly #backoff = new Backoff({ firstMs: 100, maxMs: 10_000 });
  readonly #pause = new Pause();
  #waiting: Settlement[] = [];
  #writing: Settlement[] = [];
  /** Jobs of a statement whose connection broke: whether it happened is not known. */
  readonly #uncertain = new WeakSet<ClaimedJob>();
  #loop: Promise<void> | undefined;
  #hasGivenUp = false;
  readonly #busy: Busy;
  /** Called when some of what stood aside has come back. */
  #onTakenBack: (() => void) | undefined;

  constructor(options: SettlerOptions) {
    this.#options = options;
    const { queries, db } = options;
    this.#busy = new Busy({ queries, db, onFree: (settlements) => this.#takeBack(settlements) });
  }

  /** How many results are not known to be in the database. */
  get backlog(): number {
    return this.#waiting.length + this.#writing.length + this.#busy.size;
  }

  /** Whether the last statement failed. */
  get isFailing(): boolean {
    return this.#backoff.failures > 0;
  }

  start(): void {
    if (this.#lifecycle.start()) this.#schedule();
  }

  /** Writes what is left, for as long as it takes unless told to give up. */
  stop(): Promise<void> {
    return this.#lifecycle.stop(async () => {
      this.#schedule();
      await this.#loop;
      while (this.#busy.size > 0) {
        await new Promise<void>((resolve) => {
          this.#onTakenBack = resolve;
        });
        await this.#loop;
      }
    });
  }

  /** Stops trying again: what the statement under way doesn't write stays locked. */
  giveUp(): void {
    this.#hasGivenUp = true;
    this.#pause.end();
    if (this.#busy.size > 0) this.#takeBack(this.#busy.release());
  }

  /** Takes a result; it is written with all that come in the same turn of the event loop. */
  settle(settlement: Settlement): void {
    this.#waiting.push(settlement);
    if (this.#lifecycle.isStarted) this.#schedule();
  }

  /** Writes what waits, in one statement. Rejects as the statement does; the results then wait on. */
  async settleOnce(): Promise<void> {
    this.#writing = this.#waiting.splice(0, maxBatch);
    const settled = this.#writing;
    try {
      const lost = await this.#write(settled);
      this.#writing = [];
      this.#announce(settled, lost);
    } catch (error) {
      if (breaksConnection(error)) for (const { job } of settled) this.#uncertain.add(job);
      this.#waiting = [...settled, ...this.#waiting];
      this.#writing = [];
      throw error;
    }
  }

  #schedule(): void {
    this.#loop ??= this.#run();
  }

  async #run(): Promise<void> {
    await new Promise((resolve) => setImmediate(resolve));
    let failure = new Error("Nobody waited for the results to be written.");
    while (this.#waiting.length > 0 && !this.#hasGivenUp) {
      try {
        await this.settleOnce();
        this.#backoff.reset();
      } catch (error) {
        failure = toError(error);
        await this.#onFailure(failure);
      }
    }
    if (this.#waiting.length > 0) this.#announceLeft(failure);
    this.#loop = undefined;
  }

  async #onFailure(error: Error): Promise<void> {
    if (sqlState(error) === lockedState && (await this.#setBusyAside(error))) return;
    const retryInMs = this.#backoff.next();
    const count = this.#waiting.length;
    this.#options.events.emit("settle:error", () => ({ error, count, retryInMs }));
    if (!this.#hasGivenUp) await this.#pause.wait(retryInMs);
  }

  /** Returns whether any job was locked by others. */
  async #setBusyAside(error: Error): Promise<boolean> {
    const asked = this.#waiting.splice(0);
    try {
      const free = await this.#busy.setAside(asked);
      this.#waiting = [...free, ...this.#waiting];
      // Told meanwhile to give up: nobody would take back what stands aside from now on.
      if (this.#hasGivenUp) this.#waiting.push(...this.#busy.release());
      const count = asked.length - free.length;
      if (count === 0) return false;
      const retryInMs = lookIntervalMs;
      this.#options.events.emit("settle:error", () => ({ error, count, retryInMs }));
      return true;
    } catch {
      this.#waiting = [...asked, ...this.#waiting];
      return false;
    }
  }

  #takeBack(settlements: readonly Settlement[]): void {
    this.#waiting.push(...settlements);
    this.#schedule();
    this.#onTakenBack?.();
  }

  #announceLeft(error: Error): void {
    const jobs = this.#waiting.map(({ job }) => job.job);
    this.#options.events.emit("pool:fatalError", () => ({ action: "settle", error, jobs }));
  }

  /** Returns the ids of jobs that were not the worker's any more. */
  async #write(settlements: readonly Settlement[]): Promise<ReadonlySet<string>> {
    const { queries, db, workerId } = this.#options;
    const locks = new Set<string>();
    const completedIds: string[] = [];
    const returnedIds: string[] = [];
    const failedIds: string[] = [];
    const returnedPayloads: string[] = [];
    const failedMessages: string[] = [];
    const failedPayloads: string[] = [];
    const failedRetries: string[] = [];
    for (const { job, outcome } of settlements) {
      if (job.isLost) continue;
      locks.add(job.lockedAt);
      if (outcome.kind === "completed") completedIds.push(job.id);
      else if (outcome.kind === "returned") {
        returnedIds.push(job.id);
        returnedPayloads.push(toPayload(outcome.items));
      } else {
        failedIds.push(job.id);
        failedMessages.push(toErrorMessage(outcome.error));
        failedPayloads.push(toPayload(outcome.items));
        failedRetries.push(toRetryText(outcome.retry));
      }
    }
    const lost = await queries.settleJobs(db, {
      workerId,
      locks: [...locks],
      completedIds,
      failedIds,
      failedMessages,
      failedPayloads,
      failedRetries,
      returnedIds,
      returnedPayloads,
    });
    return new Set(lost.map(({ id }) => id));
  }

  #announce(settled: readonly Settlement[], lost: ReadonlySet<string>): void {
    const { events, onSettled } = this.#options;
    for (const { job, outcome } of settled) {
      // A job that an earlier attempt may have settled is no wonder.
      if (job.isLost || (lost.has(job.id) && !this.#uncertain.has(job))) {
        job.lose();
        events.emit("job:lost", () => ({ job: job.job }));
      } else if (outcome.kind !== "returned") {
        const error = outcome.kind === "failed" ? outcome.error : undefined;
        events.emit("job:complete", () => ({ job: job.job, error }));
      }
    }
    onSettled(settled);
  }
}

/** The empty text keeps the payload as it is. */
function toPayload(items: readonly unknown[] | undefined): string {
  return items === undefined ? "" : JSON.stringify(items);
}
