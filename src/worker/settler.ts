import { lockedState, losesAnswer, refusesData, sqlState } from "../database/failure.js";
import type { Executor } from "../database/executor.js";
import type { Queries } from "../database/queries.js";
import { toError } from "../errors.js";
import type { WorkerEvents } from "../events.js";
import { Backoff, Pause } from "../services/backoff.js";
import { Busy, lookIntervalMs } from "./busy.js";
import type { ClaimedJob } from "./claimed-job.js";
import type { Settlement } from "./outcome.js";
import { Lifecycle, type Service } from "../services/service.js";
import { writeSettlements } from "./settle-statement.js";
import { simplify } from "./simplify.js";
import { SettlementQueue } from "./settlement-queue.js";
import { findTaken } from "./taken.js";

export interface SettlerOptions {
  readonly queries: Queries;
  readonly db: Executor;
  readonly workerId: string;
  readonly events: WorkerEvents;
  /** Whether the worker sends heartbeats. Default false. */
  readonly isRegistered?: boolean;
  /** Called when results are in the database, or known to be lost. */
  readonly onSettled: (settled: readonly Settlement[]) => void;
}

/**
 * Writes results to the database in groups: one statement is under way at a time, and what comes
 * meanwhile goes out together in the next. No timer holds a result back, so an idle worker settles
 * at once and a busy one in groups as large as the database is slow.
 *
 * What becomes of a group:
 *
 *     waiting --> written --> announced
 *        ^           |
 *        |           +-- the connection or the server failed: waits, then goes out again
 *        |           +-- others have locked some: these are set aside until they are free (Busy)
 *        +-----------+-- refused because of its data: goes out in halves; a single one in a simpler
 *                        form; one that is refused in every form is given up
 */
export class Settler implements Service {
  readonly #options: SettlerOptions;
  readonly #lifecycle = new Lifecycle();
  readonly #backoff = new Backoff({ firstMs: 100, maxMs: 10_000 });
  readonly #pause = new Pause();
  readonly #queue = new SettlementQueue();
  /** Jobs of a statement whose answer was lost: whether it happened is not known. */
  readonly #uncertain = new WeakSet<ClaimedJob>();
  #writing: readonly Settlement[] = [];
  #loop: Promise<void> | undefined;
  #hasGivenUp = false;
  #leavesLocks = false;
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
    return this.#queue.size + this.#writing.length + this.#busy.size;
  }

  /** Whether the last statement failed. */
  get isFailing(): boolean {
    return this.#backoff.failures > 0;
  }

  /** Whether a job stays locked, since the database refused every form of its result. */
  get leavesLocks(): boolean {
    return this.#leavesLocks;
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
    this.#queue.add(settlement);
    if (this.#lifecycle.isStarted) this.#schedule();
  }

  /**
   * Writes a group in one statement. Rejects as the statement does, and the results wait on; unless
   * their data was refused: then the next calls find out whose.
   */
  async settleOnce(): Promise<void> {
    const group = this.#queue.take();
    this.#writing = group;
    try {
      const lost = await writeSettlements(group, this.#options);
      const isDoubtful = ({ job }: Settlement) => lost.has(job.id) && this.#uncertain.has(job);
      this.#writing = group.filter(isDoubtful);
      // Before the results are announced, since that asks for new jobs if nothing fails.
      this.#backoff.reset();
      this.#announce(
        group.filter((settlement) => !isDoubtful(settlement)),
        lost,
      );
      if (this.#writing.length > 0) await this.#announceDoubtful(this.#writing);
    } catch (error) {
      if (refusesData(error)) return this.#split(this.#writing, toError(error));
      if (losesAnswer(error)) for (const { job } of this.#writing) this.#uncertain.add(job);
      this.#queue.putBack(this.#writing);
      throw error;
    } finally {
      this.#writing = [];
    }
  }

  #schedule(): void {
    this.#loop ??= this.#run();
  }

  async #run(): Promise<void> {
    await new Promise((resolve) => setImmediate(resolve));
    let failure = new Error("The worker stopped before the results were written.");
    while (this.#queue.size > 0 && !this.#hasGivenUp) {
      try {
        await this.settleOnce();
      } catch (error) {
        failure = toError(error);
        await this.#onFailure(failure);
      }
    }
    if (this.#queue.size > 0) this.#giveUpJobs(this.#queue.takeAll(), failure);
    this.#loop = undefined;
  }

  async #onFailure(error: Error): Promise<void> {
    if (sqlState(error) === lockedState && (await this.#setBusyAside(error))) return;
    const retryInMs = this.#backoff.next();
    const count = this.#queue.size;
    this.#options.events.emit("settle:error", () => ({ error, count, retryInMs, refused: [] }));
    if (!this.#hasGivenUp) await this.#pause.wait(retryInMs);
  }

  /** Returns whether any job was locked by others. */
  async #setBusyAside(error: Error): Promise<boolean> {
    const asked = this.#queue.takeAll();
    this.#writing = asked;
    try {
      const free = await this.#busy.setAside(asked);
      this.#queue.putBack(free);
      // The worker gave up meanwhile: nothing releases the results that are set aside from now on.
      if (this.#hasGivenUp) this.#queue.putBack(this.#busy.release());
      const count = asked.length - free.length;
      if (count === 0) return false;
      // The database answers: what is locked must not look like a failure, which stops claims.
      this.#backoff.reset();
      const retryInMs = lookIntervalMs;
      this.#options.events.emit("settle:error", () => ({ error, count, retryInMs, refused: [] }));
      return true;
    } catch {
      this.#queue.putBack(asked);
      return false;
    } finally {
      this.#writing = [];
    }
  }

  #takeBack(settlements: readonly Settlement[]): void {
    this.#queue.putBack(settlements);
    this.#schedule();
    this.#onTakenBack?.();
  }

  /** The database refused something of a group: looks for it in halves, and simplifies what it finds. */
  #split(group: readonly Settlement[], error: Error): void {
    // The database answers, and the results that it doesn't refuse go on.
    this.#backoff.reset();
    const [first] = group;
    if (first === undefined) return;
    if (group.length > 1) {
      const middle = Math.ceil(group.length / 2);
      this.#queue.suspect(group.slice(0, middle));
      this.#queue.suspect(group.slice(middle));
      return;
    }
    const refused = [first.job.job];
    this.#options.events.emit("settle:error", () => ({ error, count: 1, retryInMs: 0, refused }));
    const simpler = simplify(first, error);
    if (simpler !== undefined) this.#queue.suspect([simpler]);
    else {
      this.#leavesLocks = true;
      this.#giveUpJobs([first], error);
      first.job.lose();
      this.#options.onSettled([first]);
    }
  }

  #giveUpJobs(settlements: readonly Settlement[], error: Error): void {
    const jobs = settlements.map(({ job }) => job.job);
    this.#options.events.emit("pool:fatalError", () => ({ action: "settle", error, jobs }));
  }

  /** Results that the worker no longer holds the job of, or that a statement without answer wrote. */
  async #announceDoubtful(settlements: readonly Settlement[]): Promise<void> {
    this.#announce(settlements, await findTaken(settlements, this.#options));
  }

  /** @param lost The ids of jobs that others have taken. */
  #announce(settled: readonly Settlement[], lost: ReadonlySet<string>): void {
    if (settled.length === 0) return;
    const { events, onSettled } = this.#options;
    for (const { job, outcome } of settled) {
      if (job.isLost || lost.has(job.id)) {
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
