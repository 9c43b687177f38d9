import { systemClock, type Clock } from "../cron/clock.js";
import { CronScheduler } from "../cron/scheduler.js";
import { bindQueries, type Queries } from "../database/queries.js";
import { isTransient } from "../database/failure.js";
import { toError } from "../errors.js";
import { WorkerEvents } from "../events.js";
import { isError, throwIfAborted } from "../kinds.js";
import { silentLogger } from "../log.js";
import { Recovery } from "../recovery/recovery.js";
import { Lifecycle } from "../services/service.js";
import { messageOf, readProperty } from "../thrown.js";
import { Connections } from "./connections.js";
import type { DrainEnd } from "./drain.js";
import { isUnregistered } from "./claimer.js";
import { Flow } from "./flow.js";
import { logEvents } from "./logging.js";
import { Notifier } from "./notifier.js";
import type { ResolvedWorkerOptions } from "./options.js";
import { prepare } from "./prepare.js";
import type { JobCounts } from "./tally.js";
import type { Liveness } from "./start-gate.js";
import { TaskIds } from "./task-ids.js";

/** A forced stop takes no longer than this, whatever the database does. */
const forceLimitMs = 5000;
/** The longest that the connection that listens has to answer. */
const listenAnswerMs = 5000;

export type WorkMode =
  | { readonly kind: "continuous" }
  /** Ends when nothing is due any more, or at its deadline, on the clock of `performance.now()`. */
  | { readonly kind: "until-drained"; readonly deadlineMs: number };

/**
 * What ended a run:
 * - `drained`: nothing was due any more that it may run.
 * - `blocked`: jobs are due, and others hold them: a job of their queue runs elsewhere, a fleet limit
 *   is reached, or a transaction has locked them.
 * - `deadline`: its `deadlineMs` had passed.
 * - `stop`: a signal, or its `signal`, stopped it.
 */
export type RunEnd = DrainEnd | "deadline" | "stop";

const drainEnds: Readonly<Record<DrainEnd, string>> = {
  drained: "nothing is due any more",
  blocked: "others hold the jobs that are due",
};

/** What a run did. */
export interface RunSummary extends JobCounts {
  readonly endedBy: RunEnd;
}

/**
 * The composition root: makes the services, starts them and stops them.
 *
 *     created --start()--> running --stop(), signal, drained--> stopping --> stopped
 *        |                                                        ^  |          ^
 *        |                                       stop({ force })  |  |          |
 *        |                                                        +--+          |
 *        +--- start() failed -----------------------------------------------------+
 *
 * How jobs pass through it is the flow's; beside it stand what wakes it and what recovers it.
 */
export class WorkerRoot<App> {
  readonly options: ResolvedWorkerOptions<App>;
  readonly events: WorkerEvents;
  /** Resolves when the worker has stopped; rejects when it ended by a failure. */
  readonly finished: Promise<void>;
  readonly #mode: WorkMode;
  readonly #connections: Connections;
  readonly #taskIds: TaskIds;
  readonly #flow: Flow<App>;
  readonly #notifier: Notifier | undefined;
  readonly #cron: CronScheduler | undefined;
  readonly #recovery: Recovery | undefined;
  readonly #queries: Queries;
  readonly #onSignal = () => void this.stop(describeAbort(this.options.signal));
  // Stops that are asked for by a listener of the stop's own events must join it, not begin another.
  readonly #lifecycle = new Lifecycle();
  readonly #forced = new Lifecycle();
  #endedBy: RunEnd = "stop";
  #deadline: NodeJS.Timeout | undefined;
  #patience: NodeJS.Timeout | undefined;
  #failure: Error | undefined;
  #finish: () => void = () => {};
  #fail: (error: Error) => void = () => {};

  /** @param clock What schedules are read by. */
  constructor(options: ResolvedWorkerOptions<App>, mode: WorkMode, clock: Clock = systemClock) {
    this.options = options;
    this.#mode = mode;
    this.finished = new Promise((resolve, reject) => {
      this.#finish = resolve;
      this.#fail = reject;
    });
    // Avoids an unhandled rejection; the failure is also emitted as an event.
    this.finished.catch(() => {});
    this.events = this.#makeEvents();
    this.#connections = new Connections({
      ...options,
      onPreparedLost: (error) => this.#onPreparedLost(error),
    });
    const isContinuous = mode.kind === "continuous";
    const queries = bindQueries(options);
    this.#queries = queries;
    const { workerId } = options;
    const db = this.#connections.system;
    const { events } = this;
    this.#taskIds = new TaskIds(queries, db, options.handlers.tasks.keys());
    this.#flow = new Flow({
      worker: options,
      queries,
      events,
      connections: this.#connections,
      taskIds: this.#taskIds,
      onDrainEnd: isContinuous ? undefined : (by) => this.#end(by, drainEnds[by]),
      onIdle: () => this.#waitForDatabase(),
      liveness: options.recovery === undefined ? undefined : this.#liveness(),
    });
    if (options.recovery !== undefined) {
      this.#recovery = new Recovery({
        queries,
        db,
        workerId,
        events,
        recovery: options.recovery,
        holdsNothing: () => this.#flow.holdsNothing,
        onDeclaredDead: () => this.#flow.onDeclaredDead(),
        onRevived: () => this.#flow.onRevived(),
        withTransaction: (fn) => this.#connections.systemTransaction(fn),
        sweeps: isContinuous,
      });
    }
    if (options.listen && isContinuous && this.#connections.canListen) {
      this.#notifier = new Notifier({
        queries,
        events,
        connect: () => this.#connections.listener(),
        onNotify: () => this.#flow.wake(),
        onPause: (notice) => this.#flow.onPause(notice),
        checkIntervalMs: options.listenCheckMs,
        checkTimeoutMs: Math.min(options.listenCheckMs, listenAnswerMs),
      });
    }
    if (options.cronEntries.length > 0 && isContinuous) this.#cron = this.#makeCron(clock);
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
    await this.#notifier?.start();
    this.#watchDeadline();
    this.#flow.start();
    this.#cron?.start();
    this.events.emit("pool:start", () => ({}));
  }

  async #prepare(): Promise<void> {
    const { signal } = this.options;
    const onAbort = () => this.#connections.abandon();
    throwIfAborted(signal);
    signal?.addEventListener("abort", onAbort);
    try {
      await prepare({
        ...this.options,
        connections: this.#connections,
        queries: this.#queries,
        taskIds: this.#taskIds,
        events: this.events,
      });
    } finally {
      signal?.removeEventListener("abort", onAbort);
      throwIfAborted(signal);
    }
  }

  /** What became of the jobs, and what ended the run; read it when it has finished. */
  get summary(): RunSummary {
    return { endedBy: this.#endedBy, ...this.#flow.counts };
  }

  /** Stops; a stop that is under way goes on, and becomes a forced one if this one is. */
  stop(message: string, isForced = false): Promise<void> {
    const stopping = this.#lifecycle.stop(() => this.#stop(message));
    if (isForced) void this.#forced.stop(() => this.#force(message, stopping));
    return this.finished;
  }

  async #stop(message: string): Promise<void> {
    this.events.emit("pool:gracefulShutdown", () => ({ message }));
    this.options.signal?.removeEventListener("abort", this.#onSignal);
    clearTimeout(this.#deadline);
    const asking = Promise.all([this.#cron?.stop(), this.#notifier?.stop()]);
    await this.#flow.stop();
    await this.#flow.unlessGivenUp(asking);
    await this.#recovery?.stop();
    clearTimeout(this.#patience);
    await this.#connections.close();
    this.events.emit("pool:gracefulShutdown:complete", () => ({}));
    this.#release();
  }

  async #force(message: string, stopping: Promise<void>): Promise<void> {
    this.events.emit("pool:forcefulShutdown", () => ({ message }));
    this.#flow.giveUpJobs();
    const limit = setTimeout(() => this.#giveUp(), forceLimitMs);
    await stopping;
    clearTimeout(limit);
    this.events.emit("pool:forcefulShutdown:complete", () => ({}));
  }

  /** A pooler in transaction mode is in between: a connection behind it hears no notification. */
  #onPreparedLost(error: Error): void {
    this.events.emit("pool:prepared:lost", () => ({ error }));
    void this.#notifier?.stop();
  }

  /** Nothing runs any more: only the database keeps the worker, and not for ever. */
  #waitForDatabase(): void {
    this.#patience = setTimeout(() => this.#giveUp(), this.options.settleTimeoutMs);
  }

  /** Waits for the database no longer. What is not in it by now stays locked until a sweep. */
  #giveUp(): void {
    this.#flow.giveUpDatabase();
    this.#connections.abandon();
  }

  /** A deadline that passed during the start ends the run before its first claim. */
  #watchDeadline(): void {
    if (this.#mode.kind === "continuous" || this.#mode.deadlineMs === Infinity) return;
    const leftMs = this.#mode.deadlineMs - performance.now();
    const end = () => this.#end("deadline", "its deadline has come");
    if (leftMs <= 0) end();
    else this.#deadline = setTimeout(end, leftMs);
  }

  #end(by: RunEnd, message: string): void {
    if (!this.#lifecycle.isStopped) this.#endedBy = by;
    void this.stop(message);
  }

  #release(): void {
    this.events.emit("pool:release", () => ({}));
    if (this.#failure === undefined) this.#finish();
    else this.#fail(this.#failure);
  }

  #makeCron(clock: Clock): CronScheduler {
    return new CronScheduler({
      entries: this.options.cronEntries,
      queries: this.#queries,
      db: this.#connections.system,
      events: this.events,
      clock,
      onScheduled: () => this.#flow.wake(),
    });
  }

  #liveness(): Liveness {
    return {
      isFresh: (now) => this.#recovery?.isFresh(now) ?? true,
      check: () => this.#recovery?.hurry(),
    };
  }

  #makeEvents(): WorkerEvents {
    const { workerId, logger, on, plugins } = this.options;
    const events = new WorkerEvents(workerId, (event, error) =>
      logger.error("A listener failed.", { workerId, event, error: toError(error) }),
    );
    if (logger !== silentLogger) logEvents(events, logger);
    for (const plugin of plugins) if (plugin.on !== undefined) events.addAll(plugin.on);
    events.addAll(on);
    if (this.#mode.kind === "until-drained") {
      const fail = (error: Error, message: string) => {
        if (isTransient(error) || isUnregistered(error)) return;
        this.#failure = error;
        void this.stop(message);
      };
      events.on("worker:getJob:error", ({ error }) => fail(error, "claiming failed"));
      events.on("starts:error", ({ error }) => fail(error, "marking jobs as started failed"));
      // A worker that can't register never claims anything.
      events.on("heartbeat:error", ({ error }) => {
        // A stop that gave up on the database leaves the worker to a sweep; what it did still counts.
        if (!this.#lifecycle.isStopped) fail(error, "its heartbeat failed");
      });
    }
    return events;
  }
}

/** The reason that the caller gave for the abort, or a default. */
function describeAbort(signal: AbortSignal | undefined): string {
  const reason: unknown = signal?.reason;
  const isGiven = isError(reason) && readProperty(reason, "name") !== "AbortError";
  return isGiven ? messageOf(reason) : "its signal was aborted";
}
