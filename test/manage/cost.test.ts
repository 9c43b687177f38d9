import type { PoolClient } from "pg";
import { afterAll, beforeAll, expect, test } from "vitest";
import {
  cleanup,
  completeJobs,
  getJob,
  listJobs,
  permanentlyFailJobs,
  removeJob,
  rescheduleJobs,
  retryJobs,
  runJobsNow,
} from "../../src/index.js";
import { createQueue } from "../worker/support.js";
import type { TestDatabase } from "../support/database.js";

const backlog = 50_000;

let database: TestDatabase;
beforeAll(async () => {
  database = await createQueue();
  // No statistics tell of these: a queue is empty now and full a second later.
  await database.pool.query(`
    alter table graphile_worker._private_jobs set (autovacuum_enabled = false);
    insert into graphile_worker._private_tasks (identifier) values ('a'), ('b');
    insert into graphile_worker._private_job_queues (queue_name) values ('q');
    insert into graphile_worker._private_jobs (task_id, job_queue_id, key, attempts, run_at)
    select 1, case when n % 2 = 0 then 1 end, 'k' || n, n % 26, now() + (n % 3 - 1) * interval '1 h'
    from generate_series(1, ${backlog}) as n`);
});
afterAll(() => database.drop());

interface Cost {
  /** Sequential scans of the jobs. */
  readonly scans: number;
  /** Rows of jobs that were read. */
  readonly rows: number;
}

/** What a function reads of the jobs; it is rolled back. */
async function measure(act: (db: PoolClient) => Promise<unknown>): Promise<Cost> {
  const client = await database.pool.connect();
  await client.query("begin");
  const before = await counters(client);
  await act(client);
  const after = await counters(client);
  await client.query("rollback");
  client.release();
  return { scans: after.scans - before.scans, rows: after.rows - before.rows };
}

/** Of this connection, since it last reported them. */
async function counters(client: PoolClient): Promise<Cost> {
  const { rows } = await client.query<Cost>(
    `select seq_scan::int as scans, (seq_tup_read + idx_tup_fetch)::int as rows
    from pg_stat_xact_user_tables where relname = '_private_jobs'`,
  );
  return rows[0] ?? { scans: NaN, rows: NaN };
}

const ids = ["17", "1000", "49999"];

test.each<[string, (db: PoolClient) => Promise<unknown>]>([
  ["getJob", (db) => getJob(db, "49999")],
  ["completeJobs", (db) => completeJobs(db, ids)],
  ["permanentlyFailJobs", (db) => permanentlyFailJobs(db, ids)],
  ["rescheduleJobs", (db) => rescheduleJobs(db, ids, { priority: 1 })],
  ["retryJobs", (db) => retryJobs(db, ids)],
  ["runJobsNow", (db) => runJobsNow(db, ids)],
  ["removeJob", (db) => removeJob(db, "k49999")],
  ["listJobs by key", (db) => listJobs(db, { key: "k49999" })],
  ["listJobs, the newest", (db) => listJobs(db, { limit: 5 })],
  ["listJobs, the oldest", (db) => listJobs(db, { limit: 5, order: "oldest" })],
])("%s reads no more jobs than it is about", async (_name, act) => {
  for (const statistics of ["", "analyze graphile_worker._private_jobs"]) {
    await database.pool.query(statistics);
    const { scans, rows } = await measure(act);
    expect(scans).toBe(0);
    expect(rows).toBeLessThan(40);
  }
});

test("a search, and a cleanup of failed jobs, walk along the primary key", async () => {
  const search = await measure((db) => listJobs(db, { search: "nowhere", order: "oldest" }));
  expect(search).toMatchObject({ scans: 0 });
  // Each job is read once, but for those of which a look read the rest of in vain.
  expect(search.rows).toBeLessThan(2 * backlog);
  const deleted = await measure((db) => cleanup(db, { tasks: ["DELETE_PERMAFAILED_JOBS"] }));
  expect(deleted).toMatchObject({ scans: 0 });
  expect(deleted.rows).toBeLessThan(2 * backlog);
});
