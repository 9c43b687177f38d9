import type { CronTick } from "./pending.js";

/** What a scheduler tells, by name. The names are graphile-worker's, but for `cron:error`. */
export interface CronEvents {
  /** The scheduler was started, and is about to make its entries known to the database. */
  "cron:starting": { readonly startedAt: Date; readonly ids: readonly string[] };
  /** The entries are known. */
  "cron:started": { readonly startedAt: Date; readonly ids: readonly string[] };
  /** Ticks from before the start are about to be made up for. */
  "cron:backfill": { readonly ticks: readonly CronTick[] };
  /** Ticks are due: their jobs are about to be added, unless another scheduler was faster. */
  "cron:schedule": { readonly ticks: readonly CronTick[] };
  /** The ticks that this scheduler won; their jobs were added. */
  "cron:scheduled": { readonly ticks: readonly ScheduledTick[] };
  /** A tick is late by a minute or more: the machine slept, or the database was away. */
  "cron:overdueTimer": { readonly expected: Date; readonly now: Date };
  /** The clock went back; the scheduler waits until it shows a time that it has not seen. */
  "cron:prematureTimer": { readonly expected: Date; readonly now: Date };
  /**
   * Scheduling failed. Nothing is lost: it is tried again after `retryInMs`. `refused` has the ids of
   * entries whose data the database refuses; other entries go on meanwhile.
   */
  "cron:error": {
    readonly error: Error;
    readonly attempts: number;
    readonly retryInMs: number;
    readonly refused: readonly string[];
  };
}

/** A tick whose job was added. */
export interface ScheduledTick extends CronTick {
  readonly jobId: string;
}

/** Takes the scheduler's events; `data` is only called when somebody listens. It must not throw. */
export interface CronEventChannel {
  emit<Name extends keyof CronEvents>(name: Name, data: () => CronEvents[Name]): void;
}
