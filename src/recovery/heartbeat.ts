import type { Executor } from "../database/executor.js";
import type { Queries } from "../database/queries.js";
import { toError } from "../errors.js";
import type { WorkerEvents } from "../events.js";
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
  /** Called when another worker took this one for dead: its jobs may be with others by now. */
  readonly onDeclaredDead: () => void;
}

/**
 * Says in the database, again and again, that the worker lives, and for how long its silence is
 * fine. A worker that was paused learns here that it was taken for dead meanwhile.
 */
export class Heartbeat implements Service {
  readonly #options: HeartbeatOptions;
  readonly #metadata: string;
  readonly #lifecycle = new Lifecycle();
  readonly #interval: Interval;
  #isRegistered = false;

  constructor(options: HeartbeatOptions) {
    const { heartbeatIntervalMs, sweepThresholdMs } = options.recovery;
    this.#options = options;
    this.#metadata = JSON.stringify({ client: "taskwright", sweepThresholdMs });
    this.#interval = new Interval(heartbeatIntervalMs, () => this.#beat());
  }

  /** Registers the worker, so that whatever it claims can be recovered from the first moment. */
  async start(): Promise<void> {
    if (!this.#lifecycle.start()) return;
    await this.#beat();
    this.#interval.start();
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

  async beatOnce(): Promise<void> {
    const { queries, db, workerId, onDeclaredDead, events } = this.#options;
    const [beat] = await queries.beatHeart(db, { workerId, metadata: this.#metadata });
    const wasDeclaredDead = this.#isRegistered && beat?.wasRegistered === false;
    this.#isRegistered = true;
    if (!wasDeclaredDead) return;
    events.emit("heartbeat:lost", () => ({}));
    onDeclaredDead();
  }

  async #beat(): Promise<void> {
    try {
      await this.beatOnce();
    } catch (error) {
      this.#options.events.emit("heartbeat:error", () => ({ error: toError(error) }));
    }
  }
}
