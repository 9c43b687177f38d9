import { concerns, type PauseNotice } from "../manage/pause-notice.js";
import { isDueNow } from "../tasks/retry.js";
import { Buffer } from "./buffer.js";
import type { ClaimedJob } from "./claimed-job.js";
import { Claimer } from "./claimer.js";
import { Drain } from "./drain.js";
import { runnerSettings, sharedOptions, type FlowOptions } from "./flow-options.js";
import { HandlerPlaces } from "./handler-places.js";
import { Limits } from "./limits.js";
import { LockWatch, maxLockWatchMs } from "./lock-watch.js";
import { completed, returned, type Settlement } from "./outcome.js";
import { Pace } from "./pace.js";
import { Runner } from "./runner.js";
import { Patience } from "../services/patience.js";
import { Lifecycle, type Service } from "../services/service.js";
import { Settler } from "./settler.js";
import { StartGate } from "./start-gate.js";
import { Strays } from "./strays.js";
import { Tally, type JobCounts } from "./tally.js";

/** Back-pressure: nothing is claimed while more results than this wait to be written. */
const maxBacklog = 5000;

/**
 * The way of jobs through a worker, and who holds which:
 *
 *     claimer --> buffer --> start gate --> runner --> settler --> database
 *        ^          |            |                      ^  |
 *        |          +-- overdue -+- not to start -------+  |
 *        +----------------- a queue was freed -------------+
 */
export class Flow<App> implements Service {
  readonly #options: FlowOptions<App>;
  readonly #lifecycle = new Lifecycle();
  readonly #pace: Pace;
  readonly #limits: Limits;
  readonly #claimer: Claimer;
  readonly #buffer: Buffer;
  readonly #runner: Runner<App>;
  readonly #places: HandlerPlaces;
  readonly #settler: Settler;
  readonly #strays: Strays;
  readonly #gate: StartGate;
  readonly #lockWatch: LockWatch;
  readonly #drain: Drain | undefined;
  /** How long a stop waits for the database. */
  readonly #patience = new Patience();
  readonly #tally = new Tally();
  /** Every job between its claim and its settlement. */
  readonly #held = new Map<string, ClaimedJob>();
  /** When the worker last learned that it had been declared dead, on the clock of `performance.now()`. */
  #declaredDeadAtMs = -Infinity;

  constructor(options: FlowOptions<App>) {
    this.#options = options;
    const { worker, events } = options;
    const { concurrency, bufferWaitMs, bufferSize, bufferTimeoutMs } = worker;
    this.#pace = new Pace({ concurrency, waitMs: bufferWaitMs, size: bufferSize });
    this.#buffer = new Buffer({
      timeoutMs: bufferTimeoutMs,
      giveBack: (jobs) => this.#giveBack(jobs),
    });
    const shared = sharedOptions(options);
    this.#settler = new Settler({
      ...shared,
      isRegistered: worker.recovery !== undefined,
      onSettled: (settled) => this.#onSettled(settled),
    });
    this.#strays = new Strays({ ...shared, held: this.#held });
    this.#limits = new Limits({
      limits: worker.taskLimits,
      taskIds: options.taskIds,
      concurrency,
      waitMs: bufferWaitMs,
      ahead: () => this.#pace.ahead(),
      running: () => this.#runner.jobs(),
      waiting: () => this.#buffer.jobs(),
      onRoom: () => this.#claimer.wake(),
    });
    this.#lockWatch = new LockWatch({
      ...shared,
      intervalMs: Math.min(maxLockWatchMs, worker.pollIntervalMs),
      running: () => this.#runner.jobs(),
      onLost: (jobs) => this.#lose(this.#stillUncompleted(jobs)),
      onRemoved: (jobs) => this.#runner.abort("removed", this.#stillUncompleted(jobs)),
    });
    this.#gate = this.#makeGate();
    this.#places = new HandlerPlaces(worker, events, () => this.#runner.jobs());
    this.#claimer = this.#makeClaimer();
    this.#runner = this.#makeRunner();
    this.#drain = this.#makeDrain();
  }

  start(): void {
    if (!this.#lifecycle.start()) return;
    this.#settler.start();
    this.#gate.start();
    this.#places.start();
    this.#runner.start();
    this.#buffer.start();
    this.#lockWatch.start();
    this.#drain?.start();
    this.#claimer.start();
  }

  /**
   * Claims no more, gives back what waits, lets running jobs end, and writes what is left. The claimer
   * stops beside the rest, because a claim may wait for a connection that only the end of a handler
   * sets free; what it still brings goes straight back.
   */
  stop(): Promise<void> {
    return this.#lifecycle.stop(async () => {
      const asking = Promise.all([
        this.#claimer.stop(),
        this.#lockWatch.stop(),
        this.#drain?.stop(),
      ]);
      await Promise.all([this.#buffer.stop(), this.#runner.stop()]);
      // Nothing runs any more: one time limit holds for threads and the database.
      this.#options.onIdle();
      await this.#places.stop();
      await this.unlessGivenUp(asking);
      await this.#settler.stop();
      await this.#strays.stop();
      await this.unlessGivenUp(this.#gate.stop());
    });
  }

  /** Aborts what runs and gives it back without waiting for its handlers. */
  giveUpJobs(): void {
    this.#places.hurry();
    this.#runner.giveUp();
  }

  /** Waits for the database no longer. */
  giveUpDatabase(): void {
    this.#settler.giveUp();
    this.#strays.giveUp();
    this.#patience.end();
  }

  /** Waits for work of the database's, or of a user's function, until the database is given up. */
  async unlessGivenUp(work: Promise<unknown> | undefined): Promise<void> {
    await this.#patience.wait(Promise.resolve(work), () => undefined);
  }

  /** Whether nothing in the database can be locked by this worker. */
  get holdsNothing(): boolean {
    return this.#held.size === 0 && !this.#settler.leavesLocks && !this.#strays.areExpected;
  }

  /** What became of the jobs so far; those that are held yet count as lost. */
  get counts(): JobCounts {
    return this.#tally.counts(this.#held.size);
  }

  /** New jobs may be there. */
  wake(): void {
    this.#claimer.wake();
  }

  /** The worker was declared dead: other workers may have its jobs by now. */
  onDeclaredDead(): void {
    this.#declaredDeadAtMs = performance.now();
    this.#gate.giveBack(() => true);
    this.#lockWatch.hurry();
    this.#claimer.wake();
  }

  /** Heartbeats succeed again, and no other worker had declared this one dead. */
  onRevived(): void {
    this.#claimer.wake();
  }

  /** Something was paused: jobs of it that haven't started go back. */
  onPause(notice: PauseNotice): void {
    if (notice.schema !== this.#options.worker.schema) return;
    this.#gate.giveBack((job) => concerns(notice, job));
  }

  /** How many jobs to claim now: for the free slots, and ahead of need in portions worth a claim. */
  #demand(): number {
    if (this.#settler.isFailing || this.#settler.backlog > maxBacklog) return 0;
    const free = this.#runner.free;
    const ahead = this.#pace.ahead();
    const waiting = this.#buffer.size;
    if (free === 0 && waiting * 2 > ahead) return 0;
    // Nor one job at a time, which is what a claim brings when nothing fits.
    if (waiting > 0 && this.#freeBytes() * 2 < this.#options.worker.maxBufferedBytes) return 0;
    const wanted = free + ahead - waiting;
    // Asked last: it reads the clocks.
    return wanted > 0 && this.#gate.isOpen ? wanted : 0;
  }

  /** How many bytes of payloads may be claimed now. */
  #freeBytes(): number {
    return Math.max(1, this.#options.worker.maxBufferedBytes - this.#buffer.bytes);
  }

  #deliver(jobs: readonly ClaimedJob[], askedAtMs: number): void {
    this.#pace.onClaimed(jobs.length);
    if (jobs.length > 0) this.#drain?.onClaimed();
    for (const job of jobs) {
      const before = this.#held.get(job.id);
      // The worker was declared dead but is alive: a sweep freed its job, and this claim took it again.
      if (before !== undefined) this.#lose([before]);
      this.#held.set(job.id, job);
    }
    // The answer is late: a sweep may have given these jobs to others since the claim.
    if (askedAtMs <= this.#declaredDeadAtMs) this.#giveBack(jobs);
    else this.#buffer.add(jobs);
    this.#runner.fill();
  }

  #giveBack(jobs: readonly ClaimedJob[]): void {
    this.#pace.onOverdue();
    this.#options.events.emit("localQueue:returnJobs", () => ({ count: jobs.length }));
    for (const job of jobs) this.#settler.settle({ job, outcome: returned });
  }

  #lose(jobs: readonly ClaimedJob[]): void {
    for (const job of jobs) job.lose();
    this.#runner.abort("lost", jobs);
    for (const job of this.#runner.withdraw(({ isLost }) => isLost)) {
      this.#settler.settle({ job, outcome: returned });
    }
  }

  /** A job that its handler's transaction completes is gone by right. */
  #stillUncompleted(jobs: readonly ClaimedJob[]): ClaimedJob[] {
    const uncompleted = new Set(this.#runner.uncompleted());
    return jobs.filter((job) => uncompleted.has(job));
  }

  #onSettled(settled: readonly Settlement[]): void {
    this.#tally.add(settled);
    for (const { job } of settled) {
      if (this.#held.get(job.id) === job) this.#held.delete(job.id);
      this.#gate.onReleased(job);
    }
    // What is drained shows after the last job, not before.
    const hasRoom = this.#limits.makesRoom(settled);
    if (this.#drain !== undefined || hasRoom || this.#makesDue(settled)) this.#claimer.wake();
    else this.#claimer.onDemand();
    this.#onRest();
  }

  /** A freed queue has its next job ready, and so may be the job itself. */
  #makesDue(settled: readonly Settlement[]): boolean {
    return settled.some(({ job, outcome }) => {
      if (job.queueName !== null) return true;
      if (outcome.kind === "returned") return this.#runner.free > 0;
      return outcome.kind === "failed" && isDueNow(outcome.retry);
    });
  }

  get #isResting(): boolean {
    return this.#claimer.isResting && !this.#limits.isGathering && this.#held.size === 0;
  }

  #onRest(): void {
    if (this.#isResting) this.#drain?.onRest();
  }

  #makeDrain(): Drain | undefined {
    const { events, onDrainEnd } = this.#options;
    if (onDrainEnd === undefined) return undefined;
    return new Drain({
      hasDueJobs: () => this.#claimer.hasDueJobs(),
      isResting: () => this.#isResting,
      wake: () => this.#claimer.wake(),
      onEnd: onDrainEnd,
      onFailure: (error, retryInMs) =>
        events.emit("worker:getJob:error", () => ({ error, retryInMs })),
    });
  }

  #makeGate(): StartGate {
    return new StartGate({
      ...sharedOptions(this.#options),
      liveness: this.#options.liveness,
      buffer: this.#buffer,
      admission: () => this.#limits.admission(),
      runner: () => this.#runner,
      giveBack: (jobs) => this.#giveBack(jobs),
      lose: (jobs) => this.#lose(this.#stillUncompleted(jobs)),
      onOpen: () => this.#claimer.wake(),
    });
  }

  #makeClaimer(): Claimer {
    const { worker, taskIds, onDrainEnd, liveness } = this.#options;
    const { forbiddenFlags, pollIntervalMs } = worker;
    return new Claimer({
      ...sharedOptions(this.#options),
      taskIds,
      forbiddenFlags,
      limits: this.#limits,
      pollIntervalMs: onDrainEnd === undefined ? pollIntervalMs : undefined,
      demand: () => this.#demand(),
      freeBytes: () => this.#freeBytes(),
      deliver: (jobs, askedAtMs) => this.#deliver(jobs, askedAtMs),
      onRest: () => this.#onRest(),
      strays: this.#strays,
      onUnregistered: liveness && (() => liveness.check()),
    });
  }

  #makeRunner(): Runner<App> {
    return new Runner({
      ...runnerSettings(this.#options),
      isolation: this.#places.isolation,
      hasNext: () => this.#gate.hasNext,
      take: (now) => this.#gate.next(now),
      mustWait: (job) => this.#gate.mustWait(job),
      giveBack: (jobs) => this.#giveBack(jobs),
      onStarted: (job, startedAtMs) => {
        this.#pace.onStarted(job.claimedAtMs, startedAtMs);
        this.#gate.onStarted();
        this.#claimer.onDemand();
      },
      onFinished: (job, handlerMs, isCompleted) => {
        this.#pace.onFinished(handlerMs);
        this.#limits.onFinished(job, handlerMs);
        this.#gate.onFinished(job, handlerMs, isCompleted);
        this.#places.onFinished(job, handlerMs);
      },
      settle: (settlement) => this.#settler.settle(settlement),
      onCommitted: (job) => this.#onSettled([{ job, outcome: completed }]),
    });
  }
}
