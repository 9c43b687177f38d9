import type { ClaimedJob } from "./claimed-job.js";
import { Moment } from "../services/moment.js";
import { Lifecycle, type Service } from "../services/service.js";

/** Jobs that a claim just brought start in any case, however short the time-out is. */
const leastAgeMs = 100;
/** Jobs that have left are dropped from the array in portions of at least this many. */
const compactAt = 256;

export interface BufferOptions {
  /** Milliseconds after which a job that still waits goes back. */
  readonly timeoutMs: number;
  /** Takes the jobs that go back. */
  readonly giveBack: (jobs: readonly ClaimedJob[]) => void;
}

/**
 * Claimed jobs that wait for a free slot, first come first served. It never holds a job for long: how
 * much is claimed ahead is measured so that it doesn't, and what waits all the same goes back.
 */
export class Buffer implements Service {
  readonly #options: BufferOptions;
  readonly #lifecycle = new Lifecycle();
  #jobs: ClaimedJob[] = [];
  /** Index of the first job in `#jobs`; what is before it has left. */
  #head = 0;
  #bytes = 0;
  #timer: NodeJS.Timeout | undefined;

  constructor(options: BufferOptions) {
    this.#options = options;
  }

  get size(): number {
    return this.#jobs.length - this.#head;
  }

  /** Bytes of the payloads that wait. */
  get bytes(): number {
    return this.#bytes;
  }

  start(): void {
    if (this.#lifecycle.start()) this.#watch();
  }

  /** Gives everything back. */
  stop(): Promise<void> {
    return this.#lifecycle.stop(() => {
      clearTimeout(this.#timer);
      this.#giveBack(this.#takeOlderThan(-Infinity));
    });
  }

  /** Jobs that come after the stop go straight back. */
  add(jobs: readonly ClaimedJob[]): void {
    if (this.#lifecycle.isStopped) {
      this.#giveBack(jobs);
      return;
    }
    // Not by push(...jobs): so many arguments may be more than the stack holds.
    for (const job of jobs) {
      this.#jobs.push(job);
      this.#bytes += job.bytes;
    }
    if (this.#lifecycle.isStarted) this.#watch();
  }

  /**
   * Of the jobs that may start, the one that waits longest, if any. Jobs that have waited too long go back
   * first: the timer that watches them doesn't fire while the process is suspended or its event loop is blocked.
   */
  take(now: Moment, mayStart: (job: ClaimedJob) => boolean = () => true): ClaimedJob | undefined {
    const limitMs = Math.max(this.#options.timeoutMs, leastAgeMs);
    const first = this.#jobs[this.#head];
    if (first !== undefined && first.ageMs(now) > limitMs)
      this.#giveBack(this.#takeOlderThan(limitMs, now));
    for (let index = this.#head; index < this.#jobs.length; index++) {
      const job = this.#jobs[index];
      if (job === undefined || !mayStart(job)) continue;
      if (index === this.#head) return this.#next();
      this.#jobs.splice(index, 1);
      this.#bytes -= job.bytes;
      return job;
    }
    return undefined;
  }

  #next(): ClaimedJob | undefined {
    const job = this.#jobs[this.#head];
    if (job === undefined) return undefined;
    this.#head += 1;
    this.#bytes -= job.bytes;
    if (this.#head >= compactAt && this.#head * 2 >= this.#jobs.length) {
      this.#jobs = this.#jobs.slice(this.#head);
      this.#head = 0;
    }
    return job;
  }

  jobs(): ClaimedJob[] {
    return this.#jobs.slice(this.#head);
  }

  /** Gives back the jobs that have waited too long. */
  returnOverdue(): void {
    this.#giveBack(this.#takeOlderThan(this.#options.timeoutMs));
  }

  /** Gives back the jobs that must not start now. */
  giveBack(mustWait: (job: ClaimedJob) => boolean): void {
    const waiting = this.jobs();
    this.#jobs = waiting.filter((job) => !mustWait(job));
    this.#head = 0;
    const returned = waiting.filter(mustWait);
    for (const job of returned) this.#bytes -= job.bytes;
    this.#giveBack(returned);
  }

  #takeOlderThan(ageMs: number, now = new Moment()): ClaimedJob[] {
    const overdue: ClaimedJob[] = [];
    for (;;) {
      const first = this.#jobs[this.#head];
      if (first === undefined || first.ageMs(now) < ageMs) return overdue;
      overdue.push(first);
      this.#next();
    }
  }

  #giveBack(jobs: readonly ClaimedJob[]): void {
    if (jobs.length > 0) this.#options.giveBack(jobs);
  }

  /** One timer at a time, for the job that is first when it is set; it looks again when it fires. */
  #watch(): void {
    const first = this.#jobs[this.#head];
    if (this.#timer !== undefined || first === undefined) return;
    const dueInMs = this.#options.timeoutMs - first.ageMs();
    this.#timer = setTimeout(
      () => {
        this.#timer = undefined;
        this.returnOverdue();
        this.#watch();
      },
      Math.max(0, Math.ceil(dueInMs)),
    );
  }
}
