import type { Pool } from "pg";
import { expect } from "vitest";
import { claim } from "./support.js";

/** The holders of queues that are locked, by their names. */
export async function heldQueues(pool: Pool): Promise<Record<string, string>> {
  const { rows } = await pool.query<{ queue_name: string; locked_by: string }>(
    "select queue_name, locked_by from graphile_worker._private_job_queues where locked_at is not null",
  );
  return Object.fromEntries(rows.map(({ queue_name, locked_by }) => [queue_name, locked_by]));
}

/** How many jobs of each queue are locked. */
export async function runningJobs(pool: Pool): Promise<Record<string, number>> {
  const { rows } = await pool.query<{ name: string; count: number }>(
    `select queue_name as name, count(*)::int from graphile_worker.jobs
     where locked_at is not null and queue_name is not null group by queue_name`,
  );
  return Object.fromEntries(rows.map(({ name, count }) => [name, count]));
}

/** As if all locks were taken so long ago. */
export async function ageLocks(pool: Pool, time: string): Promise<void> {
  await pool.query(
    `with jobs as (
       update graphile_worker._private_jobs set locked_at = now() - $1::interval
       where locked_at is not null
     )
     update graphile_worker._private_job_queues set locked_at = now() - $1::interval
     where locked_at is not null`,
    [time],
  );
}

/** Claims the next job for a worker. */
export async function claimOne(
  pool: Pool,
  workerId: string,
): Promise<{ id: string; locked_at: string }> {
  const [job] = await claim(pool, workerId, 1);
  return job ?? expect.fail("Nothing was claimed.");
}
