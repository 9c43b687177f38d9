import type { TaskSpec } from "../tasks/spec.js";

/** The longest backfill in milliseconds: 366 days. */
export const maxBackfillMs = 366 * 86_400_000;

/** A recurring job, as it is written: by hand, by {@link defineCron} or by {@link parseCrontab}. */
export interface CronEntry<Payload = unknown> extends Omit<TaskSpec, "runAt"> {
  /** The task identifier. */
  readonly task: string;
  /** Five fields, as in `0 8 * * *`, or six with the second first. */
  readonly schedule: string;
  /** IANA name of the zone whose clocks the schedule is read on. Default `UTC`. */
  readonly tz?: string;
  /**
   * What the database knows the entry by: unique, and the same in all workers that share it. Under
   * a new one the entry counts as new. Default: the task identifier, as in graphile-worker.
   */
  readonly id?: string;
  /** An object; the scheduler adds `_cron` to it. Default `{}`. */
  readonly payload?: Payload;
  /**
   * How far back, in milliseconds, ticks are made up for that no worker was there to see. A new
   * entry has none. At most 366 days. Default 0. Source: graphile-worker's `backfillPeriod`,
   * `fill` in a crontab.
   */
  readonly backfillMs?: number;
  /** Set by {@link parseCrontab}: the line that the entry was read from, counted from 1. */
  readonly line?: number;
}

/** The options of a {@link CronEntry} that are about the job rather than the schedule. */
export const jobOptions = [
  "priority",
  "queueName",
  "maxAttempts",
  "jobKey",
  "jobKeyMode",
  "flags",
] as const satisfies readonly (keyof TaskSpec)[];

/** All options of a {@link CronEntry}, for the refusal of others. */
export const entryOptions: readonly string[] = [
  "task",
  "schedule",
  "tz",
  "id",
  "payload",
  "backfillMs",
  ...jobOptions,
  "line",
] satisfies readonly (keyof CronEntry)[];
