import type { Executor } from "../database/executor.js";
import type { Queries } from "../database/queries.js";
import { toError } from "../errors.js";
import type { WorkerEvents } from "../events.js";
import type { ClaimedJob } from "./claimed-job.js";
import { Lifecycle, type Service } from "../services/service.js";

/** The longest interval between two looks. */
export const maxLockWatchMs = 10_000;

export interface LockWatchOptions {
  readonly queries: Queries;
  readonly db: Executor;
  readonly workerId: string;
  readonly events: WorkerEvents;
  readonly intervalMs: number;
  /** The jobs that run now. */
  readonly running: () => readonly ClaimedJob[];
  /** Told of jobs that this worker holds no more. */
  readonly onLost: (jobs: readonly ClaimedJob[]) => void;
  /** Told of jobs that were removed through their key: they run, but are not tried again. */
  readonly onRemoved: (jobs: readonly ClaimedJob[]) => void;
}

/**
 * Looks, now and then, whether running jobs are still this worker's: a sweep may have declared it
 * dead, an operator may have completed, failed or unlocked a job. The signal of its handler is then aborted.
 * Short jobs are never asked about.
 */
export class LockWatch implements Service {
  readonly #options: LockWatchOptions;
  readonly #lifecycle = new Lifecycle();
  /** Jobs whose key another job was seen to have. It may end long before they do. */
  readonly #replaced = new WeakSet<ClaimedJob>();
  #timer: NodeJS.Timeout | undefined;
  #check: Promise<void> | undefined;

  constructor(options: LockWatchOptions) {
    this.#options = options;
  }

  start(): void {
    if (this.#lifecycle.start()) this.#schedule();
  }

  stop(): Promise<void> {
    return this.#lifecycle.stop(async () => {
      clearTimeout(this.#timer);
      await this.#check;
    });
  }

  /** Looks now, whenever the next look was to be: there is reason to think that locks are gone. */
  hurry(): void {
    // Without a timer a look is under way already, or nothing is.
    if (this.#timer === undefined || !this.#lifecycle.isStarted) return;
    clearTimeout(this.#timer);
    this.#look(0);
  }

  /**
   * Looks at the jobs that were claimed at least so many milliseconds ago, by default an interval.
   * Returns how many were lost.
   */
  async checkOnce(minAgeMs = this.#options.intervalMs): Promise<number> {
    const { queries, db, workerId, running, onLost, onRemoved } = this.#options;
    const sinceMs = performance.now() - minAgeMs;
    const jobs = running().filter(({ claimedAtMs }) => claimedAtMs <= sinceMs);
    if (jobs.length === 0) return 0;
    const held = await queries.findHeldJobs(db, {
      workerId,
      locks: [...new Set(jobs.map(({ lockedAt }) => lockedAt))],
      ids: jobs.map(({ id }) => id),
    });
    const rows = new Map(held.map((row) => [row.id, row]));
    const lost = jobs.filter(({ id }) => !rows.has(id));
    if (lost.length > 0) onLost(lost);
    const removed = await this.#findRemoved(
      jobs.filter(({ id, key, revision }) => {
        const row = rows.get(id);
        // Ours raise the revision of a job that they replace; the peers' functions don't.
        return key !== null && row?.key === null && row.revision === revision;
      }),
    );
    if (removed.length > 0) onRemoved(removed);
    return lost.length;
  }

  /** Tells which of the jobs that lost their key were removed, and not replaced. */
  async #findRemoved(suspects: readonly ClaimedJob[]): Promise<readonly ClaimedJob[]> {
    const jobs = suspects.filter((job) => !this.#replaced.has(job));
    if (jobs.length === 0) return [];
    const { queries, db } = this.#options;
    const removed = await queries.findRemovedJobs(db, {
      ids: jobs.map(({ id }) => id),
      keys: jobs.map(({ key }) => key ?? ""),
    });
    const ids = new Set(removed.map(({ id }) => id));
    for (const job of jobs) if (!ids.has(job.id)) this.#replaced.add(job);
    return jobs.filter(({ id }) => ids.has(id));
  }

  #schedule(): void {
    this.#timer = setTimeout(() => this.#look(), this.#options.intervalMs);
  }

  #look(minAgeMs?: number): void {
    this.#timer = undefined;
    this.#check = this.#run(minAgeMs);
  }

  async #run(minAgeMs: number | undefined): Promise<void> {
    try {
      await this.checkOnce(minAgeMs);
    } catch (thrown) {
      const error = toError(thrown);
      this.#options.events.emit("locks:error", () => ({ error }));
    }
    if (this.#lifecycle.isStarted) this.#schedule();
  }
}
