import { afterAll, beforeAll, expect, test } from "vitest";
import { migrate } from "../../src/migrate/index.js";
import { rescheduleJobs, retryJobs, runJobsNow } from "../../src/manage/index.js";
import type { ChangedJobs } from "../../src/manage/change.js";
import type { Executor } from "../../src/database/executor.js";
import { createDatabase, type TestDatabase } from "../support/database.js";

let database: TestDatabase;
beforeAll(async () => {
  database = await createDatabase();
  await migrate({ pool: database.pool });
});
afterAll(() => database.drop());

/** Adds a job with the key and has a worker hold it. */
async function hold(key: string): Promise<string> {
  const { rows } = await database.pool.query<{ id: string }>(
    "select id from graphile_worker.add_job('task', '{}', job_key := $1)",
    [key],
  );
  const id = rows[0]?.id ?? "";
  await database.pool.query(
    "update graphile_worker._private_jobs set locked_by = 'me', locked_at = now(), attempts = 1 where id = $1",
    [id],
  );
  return id;
}

test.each<[string, (db: Executor, id: string) => Promise<ChangedJobs>]>([
  ["rescheduleJobs", (db, id) => rescheduleJobs(db, [id], { runAt: new Date() })],
  ["retryJobs", (db, id) => retryJobs(db, [id])],
  ["runJobsNow", (db, id) => runJobsNow(db, [id])],
])("%s waits for no transaction that retires other jobs", async (_name, revive) => {
  const { pool } = database;
  const id = await hold("first");
  await pool.query("select graphile_worker.remove_job('first')");
  await pool.query("select graphile_worker.force_unlock_workers(array['me'])");
  await pool.query(
    "update graphile_worker._private_jobs set attempts = 1, run_at = now() + interval '1 hour' where id = $1",
    [id],
  );
  await hold("second");
  const other = await pool.connect();
  const reviving = await pool.connect();
  try {
    await other.query("begin");
    // This deletes the first job's marker, too, since its lock is gone.
    await other.query("select graphile_worker.remove_job('second')");
    // A wait would be forever; this makes it an error.
    await reviving.query("set lock_timeout = '5s'");
    const changed = await revive(reviving, id);
    expect(changed.jobs).toMatchObject([{ id }]);
  } finally {
    await other.query("rollback");
    other.release();
    await reviving.query("reset lock_timeout");
    reviving.release();
    await pool.query("delete from graphile_worker._private_jobs");
  }
});
