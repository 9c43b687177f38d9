import {
  failsAlone,
  isTransient,
  lockedState,
  losesAnswer,
  refusesData,
  sqlState,
} from "../database/failure.js";
import type { Executor } from "../database/executor.js";
import type { Queries } from "../database/queries.js";
import { toError } from "../errors.js";
import type { WorkerEvents } from "../events.js";
import { Backoff, Pause } from "../services/backoff.js";
import { Aside } from "./aside.js";
import { Busy, lookIntervalMs } from "./busy.js";
import type { ClaimedJob } from "./claimed-job.js";
import type { Settlement } from "./outcome.js";
import { Lifecycle, type Service } from "../services/service.js";
import { writeSettlements } from "./settle-statement.js";
import { simplify } from "./simplify.js";
import { SettlementQueue } from "./settlement-queue.js";
import { findTaken } from "./taken.js";

/** When so many results stand aside, the database is at fault rather than their data. */
const maxAside = 100;

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
 *        |           +-- the statement failed again, though the server answers: goes out in halves; a
 *        |               single one is set aside until its next attempt (Aside), or counts as refused
 *        |               when the reason can't pass and others were written meanwhile
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
  /** Jobs of statements that failed repeatedly, and how many statements had succeeded by then. */
  readonly #suspected = new WeakMap<ClaimedJob, number>();
  #successes = 0;
  #writing: readonly Settlement[] = [];
  /** What the last statement that failed should have written. */
  #failed: readonly Settlement[] = [];
  #loop: Promise<void> | undefined;
  #hasGivenUp = false;
  #leavesLocks = false;
  readonly #busy: Busy;
  readonly #aside = new Aside((settlements) => this.#takeBack(settlements));
  /** Called when some of what stood aside has come back. */
  #onTakenBack: (() => void) | undefined;

  constructor(options: SettlerOptions) {
    this.#options = options;
    const { queries, db } = options;
    this.#busy = new Busy({ queries, db, onFree: (settlements) => this.#takeBack(settlements) });
  }

  /** How many results are not known to be in the database. */
  get backlog(): number {
    return this.#queue.size + this.#writing.length + this.#busy.size + this.#aside.size;
  }

  /** Whether the last statement failed, or too many did. */
  get isFailing(): boolean {
    return this.#backoff.failures > 0 || this.#aside.size >= maxAside;
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
      while (this.#busy.size + this.#aside.size > 0) {
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
    const released = [...this.#busy.release(), ...this.#aside.release()];
    if (released.length > 0) this.#takeBack(released);
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
      this.#successes += 1;
      this.#announce(
        group.filter((settlement) => !isDoubtful(settlement)),
        lost,
      );
      if (this.#writing.length > 0) await this.#announceDoubtful(this.#writing);
    } catch (error) {
      if (refusesData(error)) return this.#split(this.#writing, toError(error));
      if (losesAnswer(error)) for (const { job } of this.#writing) this.#uncertain.add(job);
      this.#failed = this.#writing;
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
    if (this.#narrow(this.#failed, error)) return;
    const retryInMs = this.#backoff.next();
    const count = this.#queue.size;
    this.#options.events.emit("settle:error", () => ({ error, count, retryInMs, refused: [] }));
    if (!this.#hasGivenUp) await this.#pause.wait(retryInMs);
  }

  /**
   * Looks for the result that makes a statement fail again and again, though its error doesn't name the
   * data: a trigger may fail for any reason. Returns whether the others needn't wait.
   */
  #narrow(group: readonly Settlement[], error: Error): boolean {
    const [first] = group;
    const isSuspect = ({ job }: Settlement) => this.#suspected.has(job);
    const isRepeated = this.#backoff.failures > 0 || group.some(isSuspect);
    if (first === undefined || !isRepeated || !failsAlone(error)) return false;
    this.#queue.remove(new Set(group));
    for (const { job } of group) {
      if (!this.#suspected.has(job)) this.#suspected.set(job, this.#successes);
    }
    if (group.length > 1) {
      this.#queue.suspectHalves(group);
      return false;
    }
    const othersSucceed = (this.#suspected.get(first.job) ?? 0) < this.#successes;
    if (othersSucceed && !isTransient(error)) this.#split(group, error);
    else this.#setAside(first, error);
    return true;
  }

  #setAside(settlement: Settlement, error: Error): void {
    this.#backoff.reset();
    const retryInMs = this.#aside.add(settlement);
    const { events, onSettled } = this.#options;
    events.emit("settle:error", () => ({ error, count: 1, retryInMs, refused: [] }));
    // The next jobs needn't wait for it.
    onSettled([]);
  }

  /** Returns whether any job was locked by others. */
  async #setBusyAside(error: Error): Promise<boolean> {
    const asked = this.#queue.all();
    try {
      const free = new Set(await this.#busy.setAside(asked));
      const locked = new Set(asked.filter((settlement) => !free.has(settlement)));
      this.#queue.remove(locked);
      // The worker gave up meanwhile: nothing releases the results that are set aside from now on.
      if (this.#hasGivenUp) this.#queue.putBack(this.#busy.release());
      const count = locked.size;
      if (count === 0) return false;
      // The database answers: what is locked must not look like a failure, which stops claims.
      this.#backoff.reset();
      const retryInMs = lookIntervalMs;
      this.#options.events.emit("settle:error", () => ({ error, count, retryInMs, refused: [] }));
      return true;
    } catch {
      return false;
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
      this.#queue.suspectHalves(group);
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
