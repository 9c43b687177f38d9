import { Client } from "pg";
import { afterEach, beforeEach, expect, test } from "vitest";
import { runOnce, startWorker } from "../../src/index.js";
import type { TestDatabase } from "../support/database.js";
import { eventually } from "../support/wait.js";
import { addJob, addJobs, countLocks, createQueue, handlersFor, listJobs } from "./support.js";
import { plainTypes } from "../support/plain-types.js";

/** So long that no test that passes has waited for a poll. */
const neverMs = 600_000;
let database: TestDatabase;
beforeEach(async () => {
  database = await createQueue();
});
afterEach(() => database.drop());

/** A queue that somebody else holds, with a long backlog that stands before everything. */
async function addBacklog(count: number): Promise<void> {
  await addJobs(database.pool, "blocked", count, { queue: "busy" });
  await database.pool.query(
    `update graphile_worker._private_job_queues set locked_at = now(), locked_by = 'other';
    update graphile_worker._private_jobs set run_at = now() - interval '1 day', priority = -1;`,
  );
}

async function claim(maxJobs: number, afterQueue = 0) {
  const { rows } = await database.pool.query<{
    id: string | null;
    queue_name: string;
    look_on: number | null;
  }>(
    `select id, queue_name, look_on from graphile_worker.taskwright_claim_jobs(
      'me', (select array_agg(id) from graphile_worker._private_tasks), '{}', $1, $2)`,
    [maxJobs, afterQueue],
  );
  return rows;
}

test("a queue's next job is claimed as soon as the one before is settled, without a poll", async () => {
  const { pool } = database;
  const running = new Map<string, number>();
  let overlaps = 0;
  const handlers = handlersFor({
    serial: async (_payload, { job }) => {
      const queue = job.queueName ?? "";
      if (running.has(queue)) overlaps += 1;
      running.set(queue, 1);
      await new Promise((resolve) => setImmediate(resolve));
      running.delete(queue);
    },
  });
  await addJobs(pool, "serial", 200, { queue: "q%", queues: 4 });
  const options = { pool, handlers, pollIntervalMs: neverMs };
  await using first = await startWorker(options);
  await using second = await startWorker(options);
  await eventually(async () => (await listJobs(pool)).length === 0);
  await Promise.all([first.stop(), second.stop()]);
  expect(overlaps).toBe(0);
  expect(await countLocks(pool)).toBe(0);
});

test("a claim takes the heads of the best queues, at most one job of each", async () => {
  await addJobs(database.pool, "task", 40, { queue: "q%", queues: 8 });
  await addJob(database.pool, "task", { queue: "q7", priority: -5 });
  const first = await claim(5);
  expect(first.map(({ queue_name }) => queue_name)).toEqual(["q7", "q0", "q1", "q2", "q3"]);
  const second = await claim(5);
  expect(second.map(({ queue_name }) => queue_name)).toEqual(["q4", "q5", "q6"]);
  expect(await claim(5)).toEqual([]);
});

test("behind a backlog every queue has its turn", async () => {
  await addJobs(database.pool, "task", 900, { queue: "q%", queues: 300 });
  await addBacklog(200);
  await database.pool.query(
    "update graphile_worker._private_job_queues set locked_at = null, locked_by = null where queue_name <> 'busy'",
  );
  const seen: string[] = [];
  let afterQueue = 0;
  for (let call = 0; call < 40 && seen.length < 300; call++) {
    const rows = await claim(10, afterQueue);
    afterQueue = rows[0]?.look_on ?? 0;
    seen.push(...rows.flatMap(({ id, queue_name }) => (id === null ? [] : [queue_name])));
  }
  expect(seen).toHaveLength(300);
  expect(new Set(seen).size).toBe(300);
});

test("due jobs are found among a backlog and hundreds of queues that hold jobs for later", async () => {
  const { pool } = database;
  const ran: unknown[] = [];
  await addJobs(pool, "later", 800, { queue: "later%", queues: 800 });
  await pool.query("update graphile_worker._private_jobs set run_at = now() + interval '1 day'");
  for (const n of [1, 2, 3]) {
    // In the middle of the backlog's times, so that neither end shows it.
    const runAt = new Date(Date.now() - 12 * 3_600_000);
    await addJob(pool, "due", { payload: { n }, queue: `later${n * 200}`, runAt });
  }
  await addJobs(pool, "blocked", 300, { queue: "busy" });
  await pool.query(
    `update graphile_worker._private_jobs
    set run_at = now() - (case when id % 2 = 0 then interval '1 day' else interval '1 second' end)
    where task_id = (select id from graphile_worker._private_tasks where identifier = 'blocked');
    update graphile_worker._private_job_queues
    set locked_at = now(), locked_by = 'other' where queue_name = 'busy'`,
  );
  const handlers = handlersFor({
    due: (payload) => void ran.push(payload["n"]),
    blocked: () => {},
    later: () => {},
  });
  await using worker = await startWorker({
    pool,
    handlers,
    concurrency: 2,
    pollIntervalMs: neverMs,
  });
  await eventually(() => ran.length === 3);
  await worker.stop();
  expect(new Set(ran)).toEqual(new Set([1, 2, 3]));
});

test("what became due just now is found behind any backlog by the first claim", async () => {
  await addBacklog(300);
  await addJobs(database.pool, "later", 500, { queue: "later%", queues: 500 });
  await database.pool.query(
    `update graphile_worker._private_jobs set run_at = now() + interval '1 day' where priority = 0;
    update graphile_worker._private_job_queues
    set locked_at = null, locked_by = null where queue_name <> 'busy'`,
  );
  const id = await addJob(database.pool, "due", { queue: "later499" });
  expect(await claim(3)).toMatchObject([{ id }]);
});

test("runOnce goes through all queues before it says that nothing is due", async () => {
  const { pool } = database;
  let ran = 0;
  await addBacklog(200);
  await addJobs(pool, "task", 600, { queue: "q%", queues: 600 });
  const handlers = handlersFor({ task: () => void (ran += 1), blocked: () => {} });
  await runOnce({ pool, handlers, concurrency: 3 });
  expect(ran).toBe(600);
});

test("a queue whose row somebody holds is skipped, and looked at again soon", async () => {
  const { pool, connectionString } = database;
  let ran = 0;
  await addJob(pool, "task", { queue: "held" });
  const holder = new Client({ connectionString, types: plainTypes });
  await holder.connect();
  await holder.query("begin");
  await holder.query("select from graphile_worker._private_job_queues for update");
  let empty = 0;
  await using worker = await startWorker({
    pool,
    handlers: handlersFor({ task: () => void (ran += 1) }),
    pollIntervalMs: neverMs,
    listen: false,
    on: { "worker:getJob:empty": () => void (empty += 1) },
  });
  await eventually(() => empty >= 3);
  expect(ran).toBe(0);
  await holder.query("rollback");
  await holder.end();
  await eventually(() => ran === 1);
  await worker.stop();
});
