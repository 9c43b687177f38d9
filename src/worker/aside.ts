import { Backoff } from "../services/backoff.js";
import type { ClaimedJob } from "./claimed-job.js";
import type { Settlement } from "./outcome.js";

/**
 * Results that failed to be written by themselves, for a reason that may pass. Each waits for its next
 * attempt on its own, longer after each failure, so that no other result waits for it.
 */
export class Aside {
  readonly #onDue: (settlements: readonly Settlement[]) => void;
  readonly #waiting = new Map<Settlement, NodeJS.Timeout>();
  readonly #backoffs = new WeakMap<ClaimedJob, Backoff>();

  /** @param onDue Takes results that are to be tried again. */
  constructor(onDue: (settlements: readonly Settlement[]) => void) {
    this.#onDue = onDue;
  }

  get size(): number {
    return this.#waiting.size;
  }

  /** Sets a result aside, and returns the milliseconds until its next attempt. */
  add(settlement: Settlement): number {
    const { job } = settlement;
    const backoff = this.#backoffs.get(job) ?? new Backoff({ firstMs: 200, maxMs: 10_000 });
    this.#backoffs.set(job, backoff);
    const retryInMs = backoff.next();
    const timer = setTimeout(() => {
      this.#waiting.delete(settlement);
      this.#onDue([settlement]);
    }, retryInMs);
    this.#waiting.set(settlement, timer);
    return retryInMs;
  }

  /** Gives all back at once. */
  release(): readonly Settlement[] {
    for (const timer of this.#waiting.values()) clearTimeout(timer);
    const released = [...this.#waiting.keys()];
    this.#waiting.clear();
    return released;
  }
}
