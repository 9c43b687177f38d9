import type { Executor } from "../database/executor.js";
import type { Queries } from "../database/queries.js";
import type { Settlement } from "./outcome.js";

/** Milliseconds between two looks at jobs that others have locked. */
export const lookIntervalMs = 500;

export interface BusyOptions {
  readonly queries: Queries;
  readonly db: Executor;
  /** Takes results that may be written now. */
  readonly onFree: (settlements: readonly Settlement[]) => void;
}

/**
 * Results of jobs that another open transaction has locked. They are set aside, so that the
 * results of other jobs don't wait for that transaction, and come back when it has ended.
 */
export class Busy {
  readonly #options: BusyOptions;
  #aside: readonly Settlement[] = [];
  #timer: NodeJS.Timeout | undefined;

  constructor(options: BusyOptions) {
    this.#options = options;
  }

  get size(): number {
    return this.#aside.length;
  }

  /** Sets aside those that are locked, and returns the others. Rejects as its statement does. */
  async setAside(settlements: readonly Settlement[]): Promise<Settlement[]> {
    const busy = await this.#findBusy(settlements);
    this.#aside = [...this.#aside, ...settlements.filter(({ job }) => busy.has(job.id))];
    this.#watch();
    return settlements.filter(({ job }) => !busy.has(job.id));
  }

  /** Gives all back at once. */
  release(): readonly Settlement[] {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    const released = this.#aside;
    this.#aside = [];
    return released;
  }

  #watch(): void {
    if (this.size > 0) this.#timer ??= setTimeout(() => void this.#look(), lookIntervalMs);
  }

  async #look(): Promise<void> {
    const asked = new Set(this.#aside);
    // Without an answer they are tried as any other.
    const busy = await this.#findBusy([...asked]).catch(() => new Set<string>());
    const isFree = (settlement: Settlement) =>
      asked.has(settlement) && !busy.has(settlement.job.id);
    const free = this.#aside.filter(isFree);
    this.#aside = this.#aside.filter((settlement) => !isFree(settlement));
    this.#timer = undefined;
    this.#watch();
    if (free.length > 0) this.#options.onFree(free);
  }

  async #findBusy(settlements: readonly Settlement[]): Promise<ReadonlySet<string>> {
    const { queries, db } = this.#options;
    const ids = settlements.map(({ job }) => job.id);
    const rows = await queries.findBusyJobs(db, { ids });
    return new Set(rows.map(({ id }) => id));
  }
}
