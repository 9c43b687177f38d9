/**
 * A part of the worker that does something of its own accord: on a timer, on a notification, when
 * another part has work for it.
 *
 * The contract of start and stop, for every service:
 *
 * - `start` returns when the service is at work. A second call does nothing.
 * - `stop` begins no new work, waits for what is under way, and resolves when nothing of the service
 *   is left: no timer, no statement, no connection of its own. A second call resolves with the
 *   first. It doesn't reject: what goes wrong while stopping is told in events.
 * - `stop` before `start` is fine. A service that was stopped stays so: `start` then does nothing.
 * - What the service does again and again is one public method (`claimOnce`, `settleOnce`), which
 *   works without `start`, so that a test can take a single step.
 *
 * Services don't know each other: the worker gives each what it needs and fixes the order in which
 * they start and stop.
 */
export interface Service {
  start(): void | Promise<void>;
  stop(): Promise<void>;
}

/** Where a service stands: `idle`, then `started`, then `stopped`; or `stopped` at once. */
export class Lifecycle {
  #state: "idle" | "started" | "stopped" = "idle";
  #stopping: Promise<void> | undefined;

  get isStarted(): boolean {
    return this.#state === "started";
  }

  get isStopped(): boolean {
    return this.#state === "stopped";
  }

  /** True for the one call that should start the service. */
  start(): boolean {
    if (this.#state !== "idle") return false;
    this.#state = "started";
    return true;
  }

  /**
   * Runs `release` once, for the first call; every call gets its promise, also one that comes while
   * `release` runs, such as from a listener of an event that it emits.
   */
  stop(release: () => void | Promise<void>): Promise<void> {
    this.#state = "stopped";
    if (this.#stopping === undefined) {
      let settle: (result: Promise<void>) => void = () => {};
      this.#stopping = new Promise((resolve) => {
        settle = resolve;
      });
      settle((async () => release())());
    }
    return this.#stopping;
  }
}
