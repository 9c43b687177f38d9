import { bindQueries, type Queries } from "../database/queries.js";
import { isTransient } from "../database/failure.js";
import { WorkerEvents } from "../events.js";
import { silentLogger } from "../log.js";
import { Recovery } from "../recovery/recovery.js";
import { Buffer } from "./buffer.js";
import type { ClaimedJob } from "./claimed-job.js";
import { Claimer } from "./claimer.js";
import { Connections } from "./connections.js";
import { logEvents } from "./logging.js";
import { Notifier } from "./notifier.js";
import type { ResolvedWorkerOptions } from "./options.js";
import { returned, type Settlement } from "./outcome.js";
import { Pace } from "./pace.js";
import { prepare } from "./prepare.js";
import { Runner } from "./runner.js";
import { Settler } from "./settler.js";
import { Strays } from "./strays.js";
import { TaskIds } from "./task-ids.js";

/** So many results may wait to be written; with more, nothing is claimed. */
const maxBacklog = 5000;
/** A forced stop takes no longer than this, whatever the database does. */
const forceLimitMs = 5000;
/** The longest that the connection that listens has to answer. */
const listenAnswerMs = 5000;

/** `until-drained` ends when nothing is due any more. */
export type WorkMode = "continuous" | "until-drained";

/**
 * The composition root: makes the services, passes jobs between them, and starts and stops them.
 *
 *     created --start()--> running --stop(), signal, drained--> stopping --> stopped
 *        |                                                        ^  |
 *        |                                       stop({ force })  |  +-- stop({ force })
 *        +--- start() failed -----------------------------------------------> stopped
 *
 * A job's way: claimer -> buffer -> runner -> settler. The claimer is woken by the notifier, by its
 * own poll, and by each queue that a settled job frees.
 */
export class WorkerRoot<App> {
  readonly options: ResolvedWorkerOptions<App>;
  readonly events: WorkerEvents;
  /** Resolves when the worker has stopped; rejects when it ended by a failure. */
  readonly finished: Promise<void>;
  readonly #mode: WorkMode;
  readonly #connections: Connections;
  readonly #taskIds: TaskIds;
  readonly #pace: Pace;
  readonly #claimer: Claimer;
  readonly #buffer: Buffer;
  readonly #runner: Runner<App>;
  readonly #settler: Settler;
  readonly #notifier: Notifier | undefined;
  readonly #recovery: Recovery | undefined;
  readonly #strays: Strays;
  readonly #queries: Queries;
  readonly #onSignal = () => void this.stop("its signal was aborted");
  #stopping: Promise<void> | undefined;
  /** Resolves when a stop waits for the database no longer. */
  readonly #givenUp: Promise<void>;
  #onGivenUp: () => void = () => {};
  #failure: Error | undefined;
  #finish: () => void = () => {};
  #fail: (error: Error) => void = () => {};

  constructor(options: ResolvedWorkerOptions<App>, mode: WorkMode) {
    this.options = options;
    this.#mode = mode;
    this.finished = new Promise((resolve, reject) => {
      this.#finish = resolve;
      this.#fail = reject;
    });
    this.#givenUp = new Promise((resolve) => {
      this.#onGivenUp = resolve;
    });
    // Whoever doesn't look at it is told by the event.
    this.finished.catch(() => {});
    this.events = this.#makeEvents();
    this.#connections = new Connections(options);
    const queries = bindQueries(options);
    this.#queries = queries;
    const { workerId, concurrency, bufferWaitMs, bufferSize } = options;
    const db = this.#connections.system;
    const { events } = this;
    this.#pace = new Pace({ concurrency, waitMs: bufferWaitMs, size: bufferSize });
    this.#taskIds = new TaskIds(queries, db, options.handlers.tasks.keys());
    this.#settler = new Settler({
      queries,
      db,
      workerId,
      events,
      onSettled: (settled) => this.#onSettled(settled),
    });
    this.#buffer = new Buffer({
      timeoutMs: options.bufferTimeoutMs,
      giveBack: (jobs) => this.#giveBack(jobs),
    });
    this.#runner = this.#makeRunner();
    this.#strays = new Strays({ queries, db, workerId, events, held: () => this.#heldIds() });
    this.#claimer = new Claimer({
      queries,
      db,
      workerId,
      events,
      taskIds: this.#taskIds,
      forbiddenFlags: options.forbiddenFlags,
      pollIntervalMs: mode === "continuous" ? options.pollIntervalMs : undefined,
      demand: () => this.#demand(),
      deliver: (jobs) => this.#deliver(jobs),
      onRest: () => this.#endIfDrained(),
      strays: this.#strays,
    });
    if (options.recovery !== undefined) {
      this.#recovery = new Recovery({
        queries,
        db,
        workerId,
        events,
        recovery: options.recovery,
        holdsNothing: () => this.#settler.backlog === 0 && !this.#strays.areExpected,
        onDeclaredDead: () => this.#claimer.wake(),
        withTransaction: (fn) => this.#connections.systemTransaction(fn),
        sweeps: mode === "continuous",
      });
    }
    if (options.listen && mode === "continuous" && this.#connections.canListen) {
      this.#notifier = new Notifier({
        queries,
        events,
        connect: () => this.#connections.listener(),
        onNotify: () => this.#claimer.wake(),
        checkIntervalMs: options.listenCheckMs,
        checkTimeoutMs: Math.min(options.listenCheckMs, listenAnswerMs),
      });
    }
  }

  /** Rejects, with nothing left behind, when the database can't be reached or isn't ours. */
  async start(): Promise<void> {
    this.events.emit("pool:create", () => ({}));
    try {
      await this.#prepare();
    } catch (error) {
      await this.#connections.close();
      this.#release();
      throw error;
    }
    this.options.signal?.addEventListener("abort", this.#onSignal, { once: true });
    await this.#recovery?.start();
    this.#settler.start();
    this.#runner.start();
    this.#buffer.start();
    await this.#notifier?.start();
    this.#claimer.start();
  }

  async #prepare(): Promise<void> {
    const { signal } = this.options;
    const onAbort = () => this.#connections.abandon();
    signal?.throwIfAborted();
    signal?.addEventListener("abort", onAbort);
    try {
      await prepare({
        ...this.options,
        connections: this.#connections,
        queries: this.#queries,
        taskIds: this.#taskIds,
      });
    } finally {
      signal?.removeEventListener("abort", onAbort);
      signal?.throwIfAborted();
    }
  }

  /** Stops; a stop that is under way goes on, and becomes a forced one if this one is. */
  stop(message: string, isForced = false): Promise<void> {
    this.#stopping ??= this.#stop(message);
    if (isForced) void this.#force(message, this.#stopping);
    return this.finished;
  }

  async #stop(message: string): Promise<void> {
    this.events.emit("pool:gracefulShutdown", () => ({ message }));
    this.options.signal?.removeEventListener("abort", this.#onSignal);
    // The services stop side by side: a claim may wait for a connection that only the end of a
    // handler sets free. What it still brings goes straight back.
    const taking = Promise.all([this.#claimer.stop(), this.#notifier?.stop()]);
    await Promise.all([this.#buffer.stop(), this.#runner.stop()]);
    const patience = setTimeout(() => this.#giveUp(), this.options.settleTimeoutMs);
    await this.#unlessGivenUp(taking);
    await this.#settler.stop();
    await this.#strays.stop();
    await this.#recovery?.stop();
    clearTimeout(patience);
    await this.#connections.close();
    this.events.emit("pool:gracefulShutdown:complete", () => ({}));
    this.#release();
  }

  async #force(message: string, stopping: Promise<void>): Promise<void> {
    this.events.emit("pool:forcefulShutdown", () => ({ message }));
    this.#runner.giveUp();
    const limit = setTimeout(() => this.#giveUp(), forceLimitMs);
    await stopping;
    clearTimeout(limit);
    this.events.emit("pool:forcefulShutdown:complete", () => ({}));
  }

  /** Waits for the database no longer. What is not in it by now stays locked until a sweep. */
  #giveUp(): void {
    this.#settler.giveUp();
    this.#strays.giveUp();
    this.#connections.abandon();
    this.#onGivenUp();
  }

  /** A user's function may keep a claim from ending. */
  async #unlessGivenUp(work: Promise<unknown>): Promise<void> {
    await Promise.race([work, this.#givenUp]);
  }

  #release(): void {
    this.events.emit("pool:release", () => ({}));
    if (this.#failure === undefined) this.#finish();
    else this.#fail(this.#failure);
  }

  /** How many jobs to claim now: for the free slots, and ahead of need in portions worth a claim. */
  #demand(): number {
    if (this.#settler.isFailing || this.#settler.backlog > maxBacklog) return 0;
    const free = this.#runner.free;
    const ahead = this.#pace.ahead();
    const waiting = this.#buffer.size;
    if (free === 0 && waiting * 2 > ahead) return 0;
    return free + ahead - waiting;
  }

  #deliver(jobs: readonly ClaimedJob[]): void {
    this.#pace.onClaimed(jobs.length);
    this.#buffer.add(jobs);
    this.#runner.fill();
  }

  #giveBack(jobs: readonly ClaimedJob[]): void {
    this.events.emit("localQueue:returnJobs", () => ({ count: jobs.length }));
    for (const job of jobs) this.#settler.settle({ job, outcome: returned });
  }

  #onSettled(settled: readonly Settlement[]): void {
    // A freed queue has its next job ready; and drained is what was looked at after the last job.
    const isDraining = this.#mode === "until-drained";
    if (isDraining || settled.some(({ job }) => job.queueName !== null)) this.#claimer.wake();
    else this.#claimer.onDemand();
    this.#endIfDrained();
  }

  #endIfDrained(): void {
    if (this.#mode !== "until-drained" || !this.#claimer.isResting) return;
    const left = this.#buffer.size + this.#runner.running + this.#settler.backlog;
    if (left === 0) void this.stop("nothing is due any more");
  }

  #heldIds(): Set<string> {
    const jobs = [...this.#buffer.jobs(), ...this.#runner.jobs(), ...this.#settler.jobs()];
    return new Set(jobs.map(({ id }) => id));
  }

  #makeRunner(): Runner<App> {
    const { handlers, logger, concurrency, shutdownTimeoutMs, abortGraceMs } = this.options;
    const { app } = this.#connections;
    return new Runner({
      handlers,
      concurrency,
      shutdownTimeoutMs,
      abortGraceMs,
      events: this.events,
      shared: {
        app: this.options.app,
        logger,
        db: app,
        withTransaction: (fn) => app.withTransaction(fn),
      },
      take: () => this.#buffer.take(),
      onStarted: (job) => {
        this.#pace.onStarted(job.claimedAtMs);
        this.#claimer.onDemand();
      },
      onFinished: (handlerMs) => this.#pace.onFinished(handlerMs),
      settle: (settlement) => this.#settler.settle(settlement),
    });
  }

  #makeEvents(): WorkerEvents {
    const { workerId, logger, on } = this.options;
    const events = new WorkerEvents(workerId, (event, error) =>
      logger.error("A listener failed.", { workerId, event, error }),
    );
    if (logger !== silentLogger) logEvents(events, logger);
    events.addAll(on);
    if (this.#mode === "until-drained") {
      events.on("worker:getJob:error", ({ error }) => {
        if (isTransient(error)) return;
        this.#failure = error;
        void this.stop("claiming failed");
      });
    }
    return events;
  }
}
