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

/** Reads a job as `taskwright_read_jobs` writes it (sql/migrations/17_read_jobs.sql). */
export function readJob(text: string): StoredJob {
  const row = JSON.parse(text) as StoredJob & Readonly<Record<TimeField, number | string | null>>;
  return {
    ...row,
    runAt: toDate(row.runAt),
    createdAt: toDate(row.createdAt),
    updatedAt: toDate(row.updatedAt),
    lockedAt: toDateOrNull(row.lockedAt),
  };
}

type TimeField = "runAt" | "createdAt" | "updatedAt" | "lockedAt";

/** The ends of JavaScript's time; PostgreSQL's goes on. */
const endOfTimeMs = 8.64e15;

/** Reads milliseconds since 1970, as a number or its text; there are infinite times. */
export function toDate(ms: number | string): Date {
  return new Date(Math.max(-endOfTimeMs, Math.min(endOfTimeMs, Number(ms))));
}

export function toDateOrNull(ms: number | string | null): Date | null {
  return ms === null ? null : toDate(ms);
}
