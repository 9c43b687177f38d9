import type { Executor } from "../database/executor.js";
import type { Queries } from "../database/queries.js";
import { toError } from "../errors.js";
import type { WorkerEvents } from "../events.js";
import { Backoff } from "../services/backoff.js";
import { Lifecycle, type Service } from "../services/service.js";
import type { ClaimedJob } from "./claimed-job.js";
import { fastMs, StartPolicy } from "./start-policy.js";

/** More at once gains nothing. */
const maxBatch = 2000;

/** A job whose handler has begun. */
export interface StartedJob {
  readonly job: ClaimedJob;
  /** On the clock of `performance.now()`. */
  readonly startedAtMs: number;
}

export interface StartsOptions {
  readonly queries: Queries;
  readonly db: Executor;
  readonly workerId: string;
  readonly events: WorkerEvents;
  /** The jobs whose handlers have begun and not ended. */
  readonly runs: () => Iterable<StartedJob>;
  /** Takes jobs that are marked and that the worker still holds. */
  readonly onMarked: (jobs: readonly ClaimedJob[]) => void;
  /** Takes jobs that the worker no longer holds. */
  readonly onLost: (jobs: readonly ClaimedJob[]) => void;
  /** Takes jobs that could not be marked. */
  readonly onFailed: (jobs: readonly ClaimedJob[]) => void;
  /** Called when marks may be tried again after a failure. */
  readonly onRested: () => void;
}

/**
 * Marks jobs as started in the database, so that a sweep can tell those that a dead worker ran from
 * those that it had only claimed (sql/migrations/22_starts.sql).
 *
 *     needsMark? -- yes --> mark() ----> written, then the handler starts
 *         |
 *         +-- no --> onStarted() -- still runs after 50 ms --> written
 *
 * One statement is under way at a time. A job whose crash may be its own fault is marked alone and
 * begins before the next statement. The others are marked in groups: what comes during a statement goes
 * out together in the next. One timer looks at all that runs: of jobs that end before it fires no book is
 * kept.
 */
export class Starts implements Service {
  readonly #options: StartsOptions;
  readonly #lifecycle = new Lifecycle();
  readonly #policy = new StartPolicy();
  readonly #backoff = new Backoff({ firstMs: 100, maxMs: 10_000 });
  /** Jobs that the worker holds and that have a mark, or will have one. */
  readonly #marked = new Set<ClaimedJob>();
  /** Jobs that were settled and whose mark may still be in the database. */
  #ended: ClaimedJob[] = [];
  #waiting: ClaimedJob[] = [];
  /** The job that is marked or runs and that the next crash fails for good. */
  #lastCrash: ClaimedJob | undefined;
  #loop: Promise<void> | undefined;
  #timer: NodeJS.Timeout | undefined;
  #rest: NodeJS.Timeout | undefined;

  constructor(options: StartsOptions) {
    this.#options = options;
  }

  /** Whether the last statement failed, and the next one isn't to come yet. */
  get isResting(): boolean {
    return this.#rest !== undefined;
  }

  start(): void {
    if (!this.#lifecycle.start()) return;
    this.#schedule();
    this.#watch();
  }

  /** Forgets the marks of the jobs that have ended; a sweep would, too. */
  stop(): Promise<void> {
    return this.#lifecycle.stop(async () => {
      clearTimeout(this.#timer);
      clearTimeout(this.#rest);
      await this.#loop;
      if (this.#ended.length > 0) await this.markOnce().catch(() => {});
    });
  }

  /** Whether the job must be marked before its handler begins. */
  needsMark(job: ClaimedJob): boolean {
    return this.#policy.mustMark(job);
  }

  /** Marks a job; `onMarked`, `onLost` or `onFailed` gets it. */
  mark(job: ClaimedJob): void {
    this.#marked.add(job);
    this.#waiting.push(job);
    if (this.#lifecycle.isStarted) this.#schedule();
  }

  /** A handler began. */
  onStarted(): void {
    this.#watch();
  }

  /** A job that could not be marked runs all the same; it is tried again while it runs. */
  unmark(job: ClaimedJob): void {
    if (this.#marked.delete(job)) this.#watch();
  }

  /** A handler ended. A mark stays until the job is settled: a crash before that leaves it started. */
  onFinished(job: ClaimedJob, handlerMs: number, isCompleted: boolean): void {
    this.#policy.onEnded(job, handlerMs, isCompleted);
    this.#admitNext(job);
  }

  /** The worker no longer holds the job. */
  onReleased(job: ClaimedJob): void {
    if (this.#marked.delete(job)) this.#ended.push(job);
    this.#admitNext(job);
  }

  /** Marks what waits, in one statement. Rejects as the statement does; its jobs are handed on then, too. */
  async markOnce(): Promise<void> {
    const { onMarked, onLost, onFailed } = this.#options;
    const jobs = this.#takeGroup().filter((job) => this.#marked.has(job));
    const ended = this.#ended.splice(0, maxBatch);
    if (jobs.length + ended.length === 0) return;
    try {
      const held = await this.#write(jobs, ended);
      const asked = jobs.filter((job) => this.#marked.has(job));
      onMarked(asked.filter(({ id }) => held.has(id)));
      const lost = asked.filter(({ id }) => !held.has(id));
      if (lost.length > 0) onLost(lost);
    } catch (error) {
      this.#ended.push(...ended);
      onFailed(jobs.filter((job) => this.#marked.has(job)));
      throw error;
    }
  }

  /** The jobs of the next statement. One that may end the process begins before others are marked. */
  #takeGroup(): ClaimedJob[] {
    const first = this.#waiting.findIndex((job) => this.#mayBegin(job));
    const job = this.#waiting[first];
    if (job === undefined) return [];
    if (this.#policy.mustMarkAlone(job)) {
      if (job.isLastCrash && this.#marked.has(job)) this.#lastCrash = job;
      return this.#waiting.splice(first, 1);
    }
    const group = this.#waiting
      .filter((waiting) => !this.#policy.mustMarkAlone(waiting))
      .slice(0, maxBatch);
    const taken = new Set(group);
    this.#waiting = this.#waiting.filter((waiting) => !taken.has(waiting));
    return group;
  }

  /**
   * Jobs that were charged with the same crashes are retried together. Those that the next crash fails
   * for good run one at a time, so that only the one at fault does.
   */
  #mayBegin(job: ClaimedJob): boolean {
    return this.#lastCrash === undefined || !job.isLastCrash || !this.#marked.has(job);
  }

  /** The job has ended, or did not begin: the next one that a crash fails for good may begin. */
  #admitNext(job: ClaimedJob): void {
    if (this.#lastCrash !== job) return;
    this.#lastCrash = undefined;
    if (this.#lifecycle.isStarted) this.#schedule();
  }

  async #write(
    jobs: readonly ClaimedJob[],
    ended: readonly ClaimedJob[],
  ): Promise<ReadonlySet<string>> {
    const { queries, db, workerId } = this.#options;
    const rows = await queries.markStarts(db, {
      workerId,
      ids: jobs.map(({ id }) => id),
      locks: [...new Set(jobs.map(({ lockedAt }) => lockedAt))],
      endedIds: ended.map(({ id }) => id),
      endedLocks: [...new Set(ended.map(({ lockedAt }) => lockedAt))],
    });
    return new Set(rows.map(({ id }) => id));
  }

  get #hasNext(): boolean {
    return this.#waiting.some((job) => this.#mayBegin(job));
  }

  #schedule(): void {
    if (this.#hasNext) this.#loop ??= this.#run();
  }

  async #run(): Promise<void> {
    while (this.#hasNext) {
      // A turn of the event loop before each statement: jobs that start in it share the statement, and a
      // handler that ends the process in it leaves no other job marked that hasn't begun.
      await new Promise((resolve) => setImmediate(resolve));
      const count = this.#waiting.length;
      try {
        await this.markOnce();
        this.#backoff.reset();
      } catch (error) {
        this.#onFailure(toError(error), count);
      }
    }
    this.#loop = undefined;
  }

  #onFailure(error: Error, count: number): void {
    const { events, onRested } = this.#options;
    const retryInMs = this.#backoff.next();
    events.emit("starts:error", () => ({ error, count, retryInMs }));
    if (!this.#lifecycle.isStarted) return;
    clearTimeout(this.#rest);
    this.#rest = setTimeout(() => {
      this.#rest = undefined;
      this.#watch();
      onRested();
    }, retryInMs);
  }

  /** One timer at a time, while anything runs without a mark. */
  #watch(inMs = fastMs): void {
    if (this.#timer !== undefined || this.isResting || !this.#lifecycle.isStarted) return;
    this.#timer = setTimeout(() => {
      this.#timer = undefined;
      if (this.isResting) return;
      const nextMs = this.#markDue();
      if (nextMs !== undefined) this.#watch(nextMs);
    }, inMs);
  }

  /** Marks what has run for long enough. Returns the milliseconds until the next job is due. */
  #markDue(): number | undefined {
    const nowMs = performance.now();
    let nextMs: number | undefined;
    for (const { job, startedAtMs } of this.#options.runs()) {
      if (this.#marked.has(job) || job.isLost) continue;
      const dueInMs = Math.ceil(startedAtMs + fastMs - nowMs);
      if (dueInMs <= 0) this.mark(job);
      else nextMs = Math.min(nextMs ?? dueInMs, dueInMs);
    }
    return nextMs;
  }
}
