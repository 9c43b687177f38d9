import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import { startWorker } from "../../src/index.js";
import type { TestDatabase } from "../support/database.js";
import { addJob, createQueue, handlersFor, until } from "../worker/support.js";

// What the Rust crate's workers call, as they call it: their part of recovery beside ours.

let database: TestDatabase;
beforeAll(async () => {
  database = await createQueue();
});
afterAll(() => database.drop());
beforeEach(() =>
  database.pool.query(
    `truncate graphile_worker._private_jobs, graphile_worker._private_job_queues,
      graphile_worker._private_workers`,
  ),
);

async function rows(sql: string, values: unknown[] = []): Promise<unknown[]> {
  return (await database.pool.query(sql, values)).rows;
}

/** A job in its second attempt, and its queue, locked so many minutes ago. */
async function addHeld(workerId: string, minutes: number): Promise<string> {
  const id = await addJob(database.pool, "work", { queue: `queue of ${workerId}` });
  const locked = "locked_by = $1, locked_at = now() - $2 * interval '1 minute'";
  await rows(
    `update graphile_worker._private_jobs set attempts = 2, ${locked} where locked_by is null`,
    [workerId, minutes],
  );
  await rows(`update graphile_worker._private_job_queues set ${locked} where locked_by is null`, [
    workerId,
    minutes,
  ]);
  return id;
}

const stale = () => rows("select * from graphile_worker.list_stale_workers(interval '5 minutes')");
const orphans = () =>
  rows("select * from graphile_worker.list_orphan_locked_workers(interval '5 minutes')");
const age = () =>
  rows("update graphile_worker._private_workers set last_heartbeat_at = now() - interval '1 hour'");

test("a heartbeat registers a worker and keeps what is known of it", async () => {
  await rows(`select graphile_worker.worker_heartbeat('crab', '{"client":"rust"}')`);
  await age();
  expect(await stale()).toEqual([{ worker_id: "crab" }]);
  await rows("select graphile_worker.worker_heartbeat('crab')");
  expect(await stale()).toEqual([]);
  expect(await rows("select id, metadata from graphile_worker._private_workers")).toEqual([
    { id: "crab", metadata: { client: "rust" } },
  ]);
  await rows("select graphile_worker.worker_deregister('crab')");
  expect(await rows("select from graphile_worker._private_workers")).toEqual([]);
});

test("holders of old locks that are not registered are orphans", async () => {
  await addHeld("old", 6);
  await addHeld("young", 4);
  await addHeld("registered", 6);
  await rows("select graphile_worker.worker_heartbeat('registered')");
  expect(await orphans()).toEqual([{ worker_id: "old" }]);
});

test("dead workers' jobs go back, their attempt uncounted, their queues free", async () => {
  const [first, second] = [await addHeld("dead", 6), await addHeld("alive", 6)];
  await rows("select graphile_worker.worker_heartbeat('dead')");
  expect(
    await rows(
      "select graphile_worker.recover_dead_worker_jobs('{dead}', 90 * interval '1 second') as count",
    ),
  ).toEqual([{ count: 1 }]);
  expect(
    await rows(
      `select
        jobs.id::text, jobs.attempts, jobs.locked_by, queues.locked_by as queue_locked_by,
        jobs.run_at >= now() + interval '80 seconds' as is_delayed
      from graphile_worker._private_jobs as jobs
      join graphile_worker._private_job_queues as queues on queues.id = jobs.job_queue_id
      order by jobs.id`,
    ),
  ).toEqual([
    { id: first, attempts: 1, locked_by: null, queue_locked_by: null, is_delayed: true },
    { id: second, attempts: 2, locked_by: "alive", queue_locked_by: "alive", is_delayed: false },
  ]);
  await rows("select graphile_worker.delete_stale_workers('{dead}')");
  expect(await rows("select from graphile_worker._private_workers")).toEqual([]);
});

test("a job that was replaced while its worker died doesn't run again", async () => {
  const add = "select graphile_worker.add_job('work', job_key => 'k')";
  await rows(add);
  await rows(
    "update graphile_worker._private_jobs set attempts = 1, locked_by = 'dead', locked_at = now()",
  );
  await rows(add);
  await rows("select graphile_worker.recover_dead_worker_jobs('{dead}')");
  expect(
    await rows("select key, is_available from graphile_worker._private_jobs order by id"),
  ).toEqual([
    { key: null, is_available: false },
    { key: "k", is_available: true },
  ]);
});

test("one of our workers that died is stale to the Rust crate, as long as it lives it isn't", async () => {
  const { connectionString } = database;
  const worker = await startWorker({
    connectionString,
    handlers: handlersFor({ work: () => {} }),
    recovery: { heartbeatIntervalMs: 10 },
  });
  await age();
  await until(async () => (await stale()).length === 0);
  await worker.stop();
  expect(await orphans()).toEqual([]);
});
