import type { Executor } from "../database/executor.js";
import type { Queries } from "../database/queries.js";
import type { WorkerEvents } from "../events.js";
import type { Moment } from "../services/moment.js";
import { Lifecycle, type Service } from "../services/service.js";
import type { Buffer } from "./buffer.js";
import type { ClaimedJob } from "./claimed-job.js";
import { Starts, type StartedJob } from "./starts.js";

/** What a worker knows of its own registration. */
export interface Liveness {
  /** Whether no other worker can have declared this one dead. */
  readonly isFresh: (now?: Moment) => boolean;
  /** Checks whether another worker has, and registers this one again. */
  readonly check: () => void;
}

/** What the gate needs of the runner: jobs that have a slot and whose handler hasn't begun. */
export interface Starting {
  /** The jobs whose handlers have begun, and since when, on the clock of `performance.now()`. */
  readonly runs: () => Iterable<StartedJob>;
  readonly fill: () => void;
  readonly begin: (jobs: readonly ClaimedJob[]) => void;
  readonly withdraw: (isMeant: (job: ClaimedJob) => boolean) => ClaimedJob[];
}

export interface StartGateOptions {
  readonly queries: Queries;
  readonly db: Executor;
  readonly workerId: string;
  readonly events: WorkerEvents;
  /** Undefined without recovery: then no worker declares this one dead, and no job is marked. */
  readonly liveness: Liveness | undefined;
  readonly buffer: Buffer;
  /** Tells which claimed jobs the limits of tasks allow to start now. */
  readonly admission: () => (job: ClaimedJob) => boolean;
  readonly runner: () => Starting;
  /** Takes jobs that go back, their attempt uncounted. */
  readonly giveBack: (jobs: readonly ClaimedJob[]) => void;
  /** Takes jobs that the worker no longer holds, including running ones. */
  readonly lose: (jobs: readonly ClaimedJob[]) => void;
  /** Called when jobs may start again. */
  readonly onOpen: () => void;
}

/**
 * Stands between the buffer and the runner, and lets a job start only when a sweep could tell what
 * became of it:
 *
 * - The worker is known to live. One that was silent for so long that others may have declared it
 *   dead (a suspended process, a database that is gone) starts nothing that it claimed before.
 * - The start is marked first, where the policy asks for it.
 *
 * Jobs whose task's limit is reached stay in the buffer until a job ends.
 */
export class StartGate implements Service {
  readonly #options: StartGateOptions;
  readonly #lifecycle = new Lifecycle();
  readonly #starts: Starts | undefined;

  constructor(options: StartGateOptions) {
    this.#options = options;
    if (options.liveness === undefined) return;
    this.#starts = new Starts({
      ...options,
      runs: () => options.runner().runs(),
      onMarked: (jobs) => this.#begin(jobs),
      onLost: (jobs) => {
        options.lose(jobs);
        options.runner().fill();
      },
      onFailed: (jobs) => this.#onUnmarked(jobs),
      onRested: options.onOpen,
    });
  }

  start(): void {
    if (this.#lifecycle.start()) this.#starts?.start();
  }

  stop(): Promise<void> {
    return this.#lifecycle.stop(() => this.#starts?.stop());
  }

  /** Whether what is claimed now could start. */
  get isOpen(): boolean {
    return this.#starts?.isResting !== true && this.#isKnownAlive();
  }

  /** Whether a job waits. */
  get hasNext(): boolean {
    return this.#options.buffer.size > 0;
  }

  /** The next job to start. */
  next(now: Moment): ClaimedJob | undefined {
    const { buffer, admission, liveness } = this.#options;
    if (buffer.size === 0) return undefined;
    if (this.#isKnownAlive(now)) return buffer.take(now, admission());
    buffer.giveBack(() => true);
    liveness?.check();
    return undefined;
  }

  /** Whether the job must wait until `begin` is called for it on the runner. */
  mustWait(job: ClaimedJob): boolean {
    if (this.#starts?.needsMark(job) !== true) return false;
    this.#starts.mark(job);
    return true;
  }

  /** Gives back jobs that have not started. */
  giveBack(isMeant: (job: ClaimedJob) => boolean): void {
    const { buffer, runner, giveBack } = this.#options;
    buffer.giveBack(isMeant);
    const withdrawn = runner().withdraw(isMeant);
    if (withdrawn.length > 0) giveBack(withdrawn);
    runner().fill();
  }

  /** A handler began. */
  onStarted(): void {
    this.#starts?.onStarted();
  }

  onFinished(job: ClaimedJob, handlerMs: number, isCompleted: boolean): void {
    this.#starts?.onFinished(job, handlerMs, isCompleted);
  }

  /** The worker no longer holds the job. */
  onReleased(job: ClaimedJob): void {
    this.#starts?.onReleased(job);
  }

  #isKnownAlive(now?: Moment): boolean {
    return this.#options.liveness?.isFresh(now) ?? true;
  }

  /** The answer may have come late, as after a suspension. */
  #begin(jobs: readonly ClaimedJob[]): void {
    if (this.#isKnownAlive()) {
      this.#options.runner().begin(jobs);
      return;
    }
    this.giveBack(() => true);
    this.#options.liveness?.check();
  }

  /** What has not started goes back, what runs without a mark runs on. */
  #onUnmarked(jobs: readonly ClaimedJob[]): void {
    const { buffer, runner, giveBack } = this.#options;
    const unmarked = new Set(jobs);
    const withdrawn = new Set(runner().withdraw((job) => unmarked.has(job)));
    for (const job of jobs) if (!withdrawn.has(job)) this.#starts?.unmark(job);
    if (withdrawn.size > 0) giveBack([...withdrawn]);
    buffer.giveBack((job) => this.#starts?.needsMark(job) === true);
    runner().fill();
  }
}
