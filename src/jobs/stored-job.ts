import { readTime, readTimeOrNull } from "../database/time.js";
import type { Job } from "../jobs/job.js";

/**
 * What a job waits for, or what became of it. A completed job is no more.
 *
 * - `ready`: it is due, and runs when a worker has room; of a queue's ready jobs, the first.
 * - `waiting`: it is due, but another job of its queue runs, or its task or queue is paused.
 * - `scheduled`: its time has not come, and it was not attempted yet.
 * - `retrying`: its time has not come, and it was attempted before: it failed, or its worker died.
 * - `running`: a worker has locked it, to run it now or within moments.
 * - `failed`: no attempts are left. It stays, and never runs again by itself.
 */
export type JobState = "ready" | "waiting" | "scheduled" | "retrying" | "running" | "failed";

export const jobStates: readonly JobState[] = Object.freeze([
  "ready",
  "waiting",
  "scheduled",
  "retrying",
  "running",
  "failed",
]);

/** A job as the database has it. Its payload is what was stored, by whatever version of a schema. */
export interface StoredJob<Payload = unknown> extends Job<Payload> {
  readonly state: JobState;
}

/** Reads a job as `taskwright_read_jobs` writes it (sql/migrations/20_read_jobs.sql). */
export function readJob(text: string): StoredJob {
  const row = JSON.parse(text) as Omit<StoredJob, TimeField> & Readonly<Record<TimeField, string>>;
  return {
    ...row,
    runAt: readTime(row.runAt),
    createdAt: readTime(row.createdAt),
    updatedAt: readTime(row.updatedAt),
    lockedAt: readTimeOrNull(row.lockedAt),
  };
}

type TimeField = "runAt" | "createdAt" | "updatedAt" | "lockedAt";
