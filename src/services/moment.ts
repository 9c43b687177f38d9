/**
 * A point in time, for measuring how long ago it was. `performance.now()` alone isn't enough: on Linux
 * it stands still while the machine sleeps. `Date.now()` doesn't, but may be set; a clock that is set
 * forward makes a moment look older than it is, never younger.
 */
export class Moment {
  /** On the clock of `performance.now()`. */
  readonly atMs = performance.now();
  readonly #wallMs = Date.now();

  /** Milliseconds since then. A hot path reads the clocks once, and gives the moment that it took. */
  ageMs(now: Moment = new Moment()): number {
    return Math.max(now.atMs - this.atMs, now.#wallMs - this.#wallMs);
  }
}
