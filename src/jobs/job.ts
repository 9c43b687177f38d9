import { readTime, readTimeOrNull } from "../database/time.js";
import { readFlags } from "./flags.js";

/** A row of the queue. */
export interface Job<Payload = unknown> {
  /** PostgreSQL's bigint, as a string. */
  readonly id: string;
  /** The task identifier. */
  readonly task: string;
  readonly payload: Payload;
  readonly queueName: string | null;
  /** Lower runs first. */
  readonly priority: number;
  readonly runAt: Date;
  /** How often the job was claimed. */
  readonly attempts: number;
  readonly maxAttempts: number;
  readonly lastError: string | null;
  readonly createdAt: Date;
  readonly updatedAt: Date;
  readonly key: string | null;
  readonly lockedAt: Date | null;
  /** The worker that holds the job. */
  readonly lockedBy: string | null;
  /** How often the job was replaced through its key. */
  readonly revision: number;
  readonly flags: readonly string[];
}

/**
 * A job as queries select it: text or null, whatever the driver. Times are in UTC, the payload is
 * JSON, and so are the flags: an object that has them for keys.
 */
export type JobRow = {
  readonly [Column in Exclude<keyof Job, "flags">]: string | Extract<Job[Column], null>;
} & { readonly flags: string | null };

/** The same job for every driver. */
export function toJob(row: JobRow): Job {
  return {
    id: row.id,
    task: row.task,
    payload: JSON.parse(row.payload),
    queueName: row.queueName,
    priority: Number(row.priority),
    runAt: readTime(row.runAt),
    attempts: Number(row.attempts),
    maxAttempts: Number(row.maxAttempts),
    lastError: row.lastError,
    createdAt: readTime(row.createdAt),
    updatedAt: readTime(row.updatedAt),
    key: row.key,
    lockedAt: readTimeOrNull(row.lockedAt),
    lockedBy: row.lockedBy,
    revision: Number(row.revision),
    flags: readFlags(row.flags),
  };
}
