import type { Settlement } from "./outcome.js";

/** How many jobs a worker was done with, by what became of them. */
export interface JobCounts {
  /** By a handler, by its transaction, or by a plugin instead of it. */
  readonly completed: number;
  /** Attempts that failed, whether they are tried again or not. */
  readonly failed: number;
  /** Given back, the attempt uncounted: not started yet, or interrupted by the end. */
  readonly returned: number;
  /**
   * Whose result is not in the database: another worker had been given the job, or the database was
   * gone.
   */
  readonly lost: number;
}

/** Counts settled jobs. */
export class Tally {
  readonly #counts = { completed: 0, failed: 0, returned: 0, lost: 0 };

  add(settled: readonly Settlement[]): void {
    for (const { job, outcome } of settled) this.#counts[job.isLost ? "lost" : outcome.kind] += 1;
  }

  /** @param unsettled How many more jobs were left without a result. */
  counts(unsettled: number): JobCounts {
    return { ...this.#counts, lost: this.#counts.lost + unsettled };
  }
}
