import type { Executor } from "../database/executor.js";
import type { Queries } from "../database/queries.js";
import { toError } from "../errors.js";
import type { WorkerEvents } from "../events.js";
import { Backoff } from "../services/backoff.js";
import { Moment } from "../services/moment.js";
import { Lifecycle, type Service } from "../services/service.js";
import { Interval } from "./interval.js";
import type { ResolvedRecovery } from "./options.js";

export interface HeartbeatOptions {
  readonly queries: Queries;
  readonly db: Executor;
  readonly workerId: string;
  readonly recovery: ResolvedRecovery;
  readonly events: WorkerEvents;
  /**
   * Whether nothing can be locked by this worker any more. A worker that is forgotten too early takes
   * its locks out of every sweep's sight.
   */
  readonly holdsNothing: () => boolean;
  /** Called when another worker declared this one dead: other workers may have its jobs by now. */
  readonly onDeclaredDead: () => void;
  /** Called when a heartbeat succeeds after a silence of at least `sweepThresholdMs`. */
  readonly onRevived: () => void;
}

/**
 * Says in the database, again and again, that the worker lives, and for how long its silence is
 * fine. A worker that was paused learns here that it was declared dead meanwhile. A heartbeat that
 * fails is tried again as soon as a claim that fails.
 */
export class Heartbeat implements Service {
  readonly #options: HeartbeatOptions;
  readonly #metadata: string;
  readonly #lifecycle = new Lifecycle();
  readonly #interval: Interval;
  readonly #backoff = new Backoff({ firstMs: 100, maxMs: 10_000 });
  #isRegistered = false;
  /** When the last successful heartbeat was sent: the database's own time is later. */
  #lastBeat: Moment | undefined;
  /** When a heartbeat last failed, or succeeded after too long a silence. */
  #interruption: Moment | undefined;

  constructor(options: HeartbeatOptions) {
    const { heartbeatIntervalMs, sweepThresholdMs } = options.recovery;
    this.#options = options;
    this.#metadata = JSON.stringify({ client: "taskwright", sweepThresholdMs, marksStarts: true });
    this.#interval = new Interval(heartbeatIntervalMs, () => this.#beat());
  }

  /** Whether the last heartbeat is too recent for another worker to declare this one dead. */
  isFresh(now?: Moment): boolean {
    const { sweepThresholdMs } = this.#options.recovery;
    return this.#lastBeat !== undefined && this.#lastBeat.ageMs(now) < sweepThresholdMs;
  }

  /**
   * Whether heartbeats have succeeded for `sweepThresholdMs`. After an outage that hit all workers, the
   * others need that long to send heartbeats again.
   */
  get isSteady(): boolean {
    const { sweepThresholdMs } = this.#options.recovery;
    return this.isFresh() && (this.#interruption?.ageMs() ?? Infinity) >= sweepThresholdMs;
  }

  /** Registers the worker, so that whatever it claims can be recovered from the first moment. */
  async start(): Promise<void> {
    if (!this.#lifecycle.start()) return;
    this.#interval.start(await this.#beat());
  }

  /** Forgets the worker if it holds nothing; else a sweep does, after recovering what it holds. */
  stop(): Promise<void> {
    return this.#lifecycle.stop(async () => {
      await this.#interval.stop();
      const { queries, db, workerId, events, holdsNothing } = this.#options;
      if (!this.#isRegistered || !holdsNothing()) return;
      try {
        await queries.deregisterWorker(db, { workerId });
      } catch (error) {
        // A sweep forgets it then.
        events.emit("heartbeat:error", () => ({ error: toError(error) }));
      }
    });
  }

  /** Sends a heartbeat at once: the worker may not be registered any more. */
  hurry(): void {
    this.#interval.hurry();
  }

  async beatOnce(): Promise<void> {
    const { queries, db, workerId, onDeclaredDead, onRevived, events } = this.#options;
    const beat = new Moment();
    const [row] = await queries.beatHeart(db, { workerId, metadata: this.#metadata });
    const wasDeclaredDead = this.#isRegistered && row?.wasRegistered === false;
    const wasFresh = this.isFresh();
    if (this.#lastBeat !== undefined && !wasFresh) this.#interruption = new Moment();
    this.#isRegistered = true;
    this.#lastBeat = beat;
    if (wasDeclaredDead) {
      events.emit("heartbeat:lost", () => ({}));
      onDeclaredDead();
    } else if (!wasFresh) onRevived();
  }

  /** Returns the milliseconds until the next heartbeat when this one failed. */
  async #beat(): Promise<number | undefined> {
    try {
      await this.beatOnce();
      this.#backoff.reset();
      return undefined;
    } catch (error) {
      this.#interruption = new Moment();
      this.#options.events.emit("heartbeat:error", () => ({ error: toError(error) }));
      return Math.min(this.#backoff.next(), this.#options.recovery.heartbeatIntervalMs);
    }
  }
}
