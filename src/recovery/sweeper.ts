import type { Queries } from "../database/queries.js";
import { toError } from "../errors.js";
import type { WorkerEvents } from "../events.js";
import { Lifecycle, type Service } from "../services/service.js";
import { Interval } from "./interval.js";
import type { ResolvedRecovery } from "./options.js";
import { sweep, type RunInTransaction, type SweepResult } from "./sweep.js";

export interface SweeperOptions {
  readonly queries: Queries;
  readonly withTransaction: RunInTransaction;
  readonly recovery: ResolvedRecovery;
  readonly events: WorkerEvents;
  /**
   * Whether the worker itself has been in touch with the database for a while. After an outage all
   * heartbeats are old: the first sweep would declare the other workers dead although they are alive.
   */
  readonly isSteady: () => boolean;
}

/** Looks for dead workers from time to time. All workers do; an advisory lock lets one sweep at a time. */
export class Sweeper implements Service {
  readonly #options: SweeperOptions;
  readonly #lifecycle = new Lifecycle();
  readonly #interval: Interval;
  readonly #stopped = new AbortController();

  constructor(options: SweeperOptions) {
    this.#options = options;
    // Workers that were started together should not sweep together.
    const jitterMs = Math.random() * 0.1 * options.recovery.sweepIntervalMs;
    this.#interval = new Interval(options.recovery.sweepIntervalMs + jitterMs, async () => {
      try {
        if (options.isSteady()) await this.sweepOnce();
      } catch (error) {
        options.events.emit("sweep:error", () => ({ error: toError(error) }));
      }
      return undefined;
    });
  }

  start(): void {
    if (this.#lifecycle.start()) this.#interval.start();
  }

  stop(): Promise<void> {
    return this.#lifecycle.stop(() => {
      this.#stopped.abort();
      return this.#interval.stop();
    });
  }

  async sweepOnce(): Promise<SweepResult> {
    const { queries, withTransaction, recovery, events } = this.#options;
    const result = await sweep(queries, withTransaction, recovery, this.#stopped.signal);
    for (const error of result.hookErrors) events.emit("sweep:error", () => ({ error }));
    const { deadWorkerIds, recoveredJobIds, failedJobIds } = result;
    if (deadWorkerIds.length > 0) {
      events.emit("sweep:complete", () => ({ deadWorkerIds, recoveredJobIds, failedJobIds }));
    }
    return result;
  }
}
