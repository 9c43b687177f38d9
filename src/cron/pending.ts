import type { ResolvedCronEntry } from "./resolve.js";

/** One run of an entry. */
export interface CronTick {
  /** The entry's id. */
  readonly id: string;
  readonly task: string;
  /** When it was due. */
  readonly ts: Date;
  /** Whether it was due before the scheduler started. */
  readonly backfilled: boolean;
}

/** An entry and its earliest tick that is not settled. Ticks are settled in their order. */
export class PendingEntry {
  readonly entry: ResolvedCronEntry;
  readonly #startedAt: Date;
  #next: Date | undefined;

  /**
   * @param since Up to when the ticks of a known entry are settled. A new entry begins with the
   * scheduler.
   */
  constructor(entry: ResolvedCronEntry, startedAt: Date, since: Date = startedAt) {
    this.entry = entry;
    this.#startedAt = startedAt;
    const earliest = Math.max(+startedAt - entry.backfillMs, +since);
    // A tick right at the beginning counts.
    this.#next = entry.schedule.next(new Date(Math.min(earliest, +startedAt) - 1));
  }

  /** When the next tick is due; nothing when there never is one. */
  get next(): Date | undefined {
    return this.#next;
  }

  /** The tick to settle, if it is due by then. */
  due(by: Date): CronTick | undefined {
    const ts = this.#next;
    if (ts === undefined || ts > by) return undefined;
    return { id: this.entry.id, task: this.entry.task, ts, backfilled: ts < this.#startedAt };
  }

  /** Goes on to the next tick, once the due one was scheduled by whomever. */
  settle(): void {
    if (this.#next !== undefined) this.#next = this.entry.schedule.next(this.#next);
  }
}
