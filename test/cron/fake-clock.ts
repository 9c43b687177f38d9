import type { Clock } from "../../src/cron/clock.js";

/** A clock that stands still until it is set. */
export class FakeClock implements Clock {
  #now: number;
  readonly #sleepers = new Set<{ until: number; readonly wake: () => void }>();
  readonly #watchers = new Set<() => void>();

  constructor(start: string) {
    this.#now = Date.parse(start);
  }

  now(): Date {
    return new Date(this.#now);
  }

  sleep(ms: number, signal: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      const sleeper = {
        until: this.#now + ms,
        wake: () => {
          this.#sleepers.delete(sleeper);
          signal.removeEventListener("abort", sleeper.wake);
          resolve();
        },
      };
      if (signal.aborted) {
        resolve();
        return;
      }
      signal.addEventListener("abort", sleeper.wake, { once: true });
      this.#sleepers.add(sleeper);
      for (const watcher of this.#watchers) watcher();
    });
  }

  /** Resolves when somebody sleeps. */
  asleep(): Promise<void> {
    return new Promise((resolve) => {
      const check = () => {
        if (this.#sleepers.size === 0) return;
        this.#watchers.delete(check);
        resolve();
      };
      this.#watchers.add(check);
      check();
    });
  }

  /**
   * Shows another time, as a clock that was set, or that of a laptop that slept: timers notice
   * nothing and last as long as they would have.
   */
  set(to: string): void {
    const moved = Date.parse(to) - this.#now;
    this.#now += moved;
    for (const sleeper of this.#sleepers) sleeper.until += moved;
  }

  /** Lets time pass at once; sleeps that are over by then end. */
  elapse(ms: number): void {
    this.#now += ms;
    for (const sleeper of this.#sleepers) if (sleeper.until <= this.#now) sleeper.wake();
  }

  /** Lets time pass, sleep by sleep. */
  async pass(to: string): Promise<void> {
    const end = Date.parse(to);
    for (;;) {
      await this.asleep();
      const next = Math.min(...[...this.#sleepers].map(({ until }) => until));
      if (next > end) break;
      this.elapse(next - this.#now);
    }
    this.#now = end;
  }
}
