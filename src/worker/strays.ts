import type { Executor } from "../database/executor.js";
import type { Queries } from "../database/queries.js";

/** A statement whose connection broke may still come to its end on the server; not after this long. */
const lastLookMs = 60_000;

export interface StraysOptions {
  readonly queries: Queries;
  readonly db: Executor;
  readonly workerId: string;
  /** The ids of all jobs that this worker knows it holds. */
  readonly held: () => ReadonlySet<string>;
}

/**
 * Strays are jobs that the database says this worker holds and the worker doesn't know of: a claim
 * locked them and its answer was lost with the connection. Nobody else would free them, since the
 * worker is alive.
 *
 * Used by the claimer between two claims, when no answer is on its way.
 */
export class Strays {
  readonly #options: StraysOptions;
  /** When to look, on the clock of `performance.now()`, soonest first. */
  #looksMs: number[] = [];

  constructor(options: StraysOptions) {
    this.#options = options;
  }

  /** A claim's answer was lost: looks before the next claim, and again when nothing can come late. */
  expect(): void {
    const nowMs = performance.now();
    this.#looksMs = [nowMs, nowMs + lastLookMs];
  }

  /** Returns strays if it is time to look for them. */
  async returnDue(): Promise<void> {
    const nowMs = performance.now();
    if ((this.#looksMs[0] ?? Infinity) > nowMs) return;
    await this.returnOnce();
    this.#looksMs = this.#looksMs.filter((lookMs) => lookMs > nowMs);
  }

  /** Gives strays back, their attempt uncounted. Returns how many there were. */
  async returnOnce(): Promise<number> {
    const { queries, db, workerId, held } = this.#options;
    const locks = await queries.listLocks(db, { workerId });
    const known = held();
    const strays = locks.filter(({ id }) => !known.has(id));
    if (strays.length === 0) return 0;
    // Fenced by the time of the lock: what was settled since the look is not touched.
    await queries.settleJobs(db, {
      workerId,
      completedIds: [],
      completedLocks: [],
      failures: "[]",
      returnedIds: strays.map(({ id }) => id),
      returnedLocks: strays.map(({ lockedAt }) => lockedAt),
    });
    return strays.length;
  }
}
