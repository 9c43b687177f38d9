import type { ClientBase, Pool, PoolClient } from "pg";
import { bindQueries } from "../../src/database/queries.js";
import type { Executor } from "../../src/database/executor.js";
import { resolveRecovery, type RecoveryOptions } from "../../src/recovery/options.js";
import { sweep, type SweepResult } from "../../src/recovery/sweep.js";
import { until } from "../worker/support.js";

const queries = bindQueries({ schema: "graphile_worker", preparedStatements: true });

/** Sweeps once, as a worker does. */
export function sweepOnce(pool: Pool, options: RecoveryOptions = {}): Promise<SweepResult> {
  const inTransaction = async <T>(fn: (tx: Executor) => Promise<T>): Promise<T> => {
    const client = await pool.connect();
    try {
      await client.query("begin");
      const result = await fn(client);
      await client.query("commit");
      return result;
    } finally {
      client.release();
    }
  };
  return sweep(queries, inTransaction, resolveRecovery(options));
}

/** Registers a worker that has been silent for an hour. */
export async function registerDead(pool: Pool, workerId: string): Promise<void> {
  await pool.query(
    `insert into graphile_worker._private_workers (id, started_at, last_heartbeat_at)
     values ($1, now() - interval '1 hour', now() - interval '1 hour')`,
    [workerId],
  );
}

/** Claims what is due for a worker and returns the jobs' ids and the times of their locks. */
export async function claim(
  db: Pool | ClientBase,
  workerId: string,
  maxJobs = 10,
): Promise<{ id: string; locked_at: string }[]> {
  const { rows } = await db.query<{ id: string; locked_at: string }>(
    `select id, locked_at from graphile_worker.taskwright_claim_jobs(
       $1, array(select id from graphile_worker._private_tasks), null, $2, 0
     ) where id is not null`,
    [workerId, maxJobs],
  );
  return rows;
}

/** Settles one of a worker's jobs, completed or given back. */
export async function settle(
  db: Pool | ClientBase,
  workerId: string,
  job: { readonly id: string; readonly locked_at: string },
  outcome: "completed" | "returned",
): Promise<void> {
  await db.query(
    `select * from graphile_worker.taskwright_settle_jobs(
       $1, array[$2::timestamptz], $3, '{}', '{}', '{}', '{}', $4, '{}'
     )`,
    [
      workerId,
      job.locked_at,
      outcome === "completed" ? [job.id] : [],
      outcome === "returned" ? [job.id] : [],
    ],
  );
}

/** Runs `fn` with a connection of its own, whose open transaction is rolled back. */
export async function withClient<T>(pool: Pool, fn: (client: PoolClient) => Promise<T>) {
  const client = await pool.connect();
  try {
    return await fn(client);
  } finally {
    await client.query("rollback");
    client.release();
  }
}

/**
 * Resolves once the work waits for another's lock, or has ended: a sweep passes by jobs whose rows
 * others have locked.
 */
export async function untilWaitingOrDone(pool: Pool, work: Promise<unknown>): Promise<void> {
  let isDone = false;
  void work.finally(() => (isDone = true)).catch(() => {});
  await until(async () => {
    const { rows } = await pool.query<{ waiting: number }>(
      `select count(*)::int as waiting from pg_stat_activity
       where datname = current_database() and wait_event_type = 'Lock'`,
    );
    return isDone || rows[0]?.waiting === 1;
  }, "the statement that waits");
}

/** Resolves once so many statements of this database wait for others' locks. */
export async function untilWaiting(pool: Pool, count = 1): Promise<void> {
  await until(async () => {
    const { rows } = await pool.query<{ waiting: number }>(
      `select count(*)::int as waiting from pg_stat_activity
       where datname = current_database() and wait_event_type = 'Lock'`,
    );
    return rows[0]?.waiting === count;
  }, "the statement that waits");
}

const marksStarts = { client: "taskwright", sweepThresholdMs: 1000, marksStarts: true };

/** Lets the worker `dead` claim what is there, start the given jobs, and die. */
export async function dieWith(
  pool: Pool,
  started: readonly string[],
  metadata: object | null = marksStarts,
): Promise<void> {
  await pool.query("update graphile_worker._private_jobs set run_at = now() where run_at > now()");
  await pool.query("delete from graphile_worker._private_workers");
  await registerDead(pool, "dead");
  await pool.query("update graphile_worker._private_workers set metadata = $1", [metadata]);
  await claim(pool, "dead");
  await pool.query(
    `insert into graphile_worker.taskwright_starts (job_id, worker_id, locked_at)
     select id, locked_by, locked_at from graphile_worker._private_jobs where id = any ($1)
     on conflict (job_id) do update set locked_at = excluded.locked_at`,
    [started],
  );
}

/** How often a worker died while it ran the job, as far as it is counted. */
export async function countCrashes(pool: Pool, id: string): Promise<number> {
  const { rows } = await pool.query<{ crashes: number }>(
    "select crashes from graphile_worker.taskwright_crashes where job_id = $1",
    [id],
  );
  return rows[0]?.crashes ?? 0;
}
