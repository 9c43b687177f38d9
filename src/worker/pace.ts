/** Claims grow to this many ahead of need at most; past it, larger ones are no faster. */
const maxAhead = 1000;
/** A claim may be this many times as large as the one before it. */
const growth = 4;
/** The share of the bound to aim at, since measures lag behind. */
const margin = 0.75;
/** How much a new measure counts against the old ones. */
const weight = 0.05;

export interface PaceOptions {
  readonly concurrency: number;
  /** Milliseconds that a claimed job should wait at most. */
  readonly waitMs: number;
  /** How many jobs to claim ahead of need, or `auto`. */
  readonly size: number | "auto";
}

/**
 * Measures how fast this worker gets through its jobs, and so how many it may claim ahead of need
 * without letting them wait. Slow handlers: none, every other worker may have them. Fast ones: enough
 * that the slots stay busy while the next claim is on its way.
 */
export class Pace {
  readonly #options: PaceOptions;
  #handlerMs: number | undefined;
  /** Milliseconds between two starts while jobs wait: it sees what handler times don't, a busy CPU. */
  #intervalMs: number | undefined;
  #lastStartMs = -Infinity;
  #lastClaim = 0;
  /** Whether claimed jobs had to go back since a slot was last freed. */
  #isStuck = false;

  constructor(options: PaceOptions) {
    this.#options = options;
  }

  /** A claim that brought nothing, such as one that looks past a limited task, says nothing of the next one. */
  onClaimed(count: number): void {
    if (count > 0) this.#lastClaim = count;
  }

  /** A job was started. Both times are on the clock of `performance.now()`. */
  onStarted(claimedAtMs: number, startedAtMs: number): void {
    const sinceMs = startedAtMs - Math.max(claimedAtMs, this.#lastStartMs);
    this.#intervalMs = average(this.#intervalMs, sinceMs);
    this.#lastStartMs = startedAtMs;
  }

  /** Claimed jobs waited too long: until something ends, nothing more is claimed ahead of need. */
  onOverdue(): void {
    this.#isStuck = true;
  }

  onFinished(handlerMs: number): void {
    this.#isStuck = false;
    this.#handlerMs = average(this.#handlerMs, handlerMs);
  }

  /** How many jobs to hold ahead of need. */
  ahead(): number {
    const { concurrency, waitMs, size } = this.#options;
    if (this.#isStuck) return 0;
    if (size !== "auto") return size;
    if (this.#handlerMs === undefined) return 0;
    const msPerJob = Math.max(this.#handlerMs / concurrency, this.#intervalMs ?? 0);
    const bound = (waitMs * margin) / msPerJob;
    return Math.floor(Math.min(bound, growth * Math.max(this.#lastClaim, concurrency), maxAhead));
  }
}

function average(before: number | undefined, measure: number): number {
  return before === undefined ? measure : before + weight * (measure - before);
}
