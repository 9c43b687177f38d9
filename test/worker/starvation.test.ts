import type { PoolClient } from "pg";
import { afterEach, beforeEach, expect, test } from "vitest";
import { startWorker } from "../../src/index.js";
import type { TestDatabase } from "../support/database.js";
import { eventually } from "../support/wait.js";
import { addJob, addJobs, createQueue, handlersFor } from "./support.js";

/** So long that no test that passes has waited for a poll. */
const neverMs = 600_000;
let database: TestDatabase;
beforeEach(async () => {
  database = await createQueue();
});
afterEach(() => database.drop());

interface Claimed {
  readonly id: string | null;
  readonly queue_name: string | null;
  readonly look_on: number | null;
}

async function claim(maxJobs: number, afterQueue = 0): Promise<Claimed[]> {
  const { rows } = await database.pool.query<Claimed>(
    `select id, queue_name, look_on from graphile_worker.taskwright_claim_jobs(
      'me', (select array_agg(id) from graphile_worker._private_tasks), '{}', $1, $2)`,
    [maxJobs, afterQueue],
  );
  return rows;
}

/** Claims as a worker does whose jobs end at once, and returns what ran, in this order. */
async function runAll(maxJobs: number, maxClaims: number): Promise<string[]> {
  const ran: string[] = [];
  let afterQueue = 0;
  for (let call = 0; call < maxClaims; call++) {
    const rows = await claim(maxJobs, afterQueue);
    const ids = rows.flatMap(({ id }) => id ?? []);
    await database.pool.query(
      `with done as (
        delete from graphile_worker._private_jobs where id = any ($1) returning job_queue_id
      )
      update graphile_worker._private_job_queues set locked_at = null, locked_by = null
      where id in (select job_queue_id from done)`,
      [ids],
    );
    ran.push(...ids);
    afterQueue = rows[0]?.look_on ?? afterQueue;
  }
  return ran;
}

/** More due jobs than a claim of 10 walks through stand first, in a queue that somebody else holds. */
async function addBacklog(): Promise<void> {
  await addJobs(database.pool, "blocked", 500, { queue: "busy" });
  await database.pool.query(
    `update graphile_worker._private_job_queues set locked_at = now(), locked_by = 'other';
    update graphile_worker._private_jobs set run_at = now() - interval '1 day', priority = -1;`,
  );
}

/** Replaces the first job of each of the first queues, in a transaction that stays open. */
async function replaceHeads(count: number): Promise<PoolClient> {
  const client = await database.pool.connect();
  await client.query("begin");
  for (let n = 0; n < count; n++) {
    await client.query(
      "select graphile_worker.add_job('task', queue_name => $1, job_key => $2, priority => -2)",
      [`held${n}`, `key${n}`],
    );
  }
  return client;
}

test.each([
  { maxJobs: 1, heads: 1, behind: 0 },
  { maxJobs: 10, heads: 30, behind: 0 },
  // With their backlogs they fill the walk, so that only the ring finds others.
  { maxJobs: 1, heads: 1, behind: 100 },
  { maxJobs: 10, heads: 30, behind: 20 },
])(
  "an open transaction that has replaced $heads heads of queues with $behind jobs behind each stops no other queue",
  async ({ maxJobs, heads, behind }) => {
    const { pool } = database;
    for (let n = 0; n < heads; n++) {
      await addJob(pool, "task", { queue: `held${n}`, key: `key${n}`, priority: -2 });
    }
    if (behind > 0) {
      const queues = { queue: "held%", queues: heads };
      await addJobs(pool, "task", heads * behind, queues);
      await pool.query("update graphile_worker._private_jobs set priority = -1 where key is null");
    }
    await addJobs(pool, "task", 30, { queue: "free%", queues: 30 });
    const holder = await replaceHeads(heads);
    const rows = await claim(maxJobs);
    await holder.query("rollback");
    holder.release();
    expect(rows).toHaveLength(maxJobs);
    expect(rows.filter(({ queue_name }) => queue_name?.startsWith("free") !== true)).toEqual([]);
  },
);

test("an open transaction that has replaced the heads of more queues than a claim looks at is passed in a few claims", async () => {
  const { pool } = database;
  const heads = 300;
  await addJobs(pool, "task", heads, { queue: "held%", queues: heads });
  await pool.query("update graphile_worker._private_jobs set priority = -2");
  await addJobs(pool, "task", 60, { queue: "free%", queues: 60 });
  const holder = await pool.connect();
  await holder.query("begin");
  await holder.query(
    "select from graphile_worker._private_jobs where priority = -2 for no key update",
  );
  // The newest due jobs are found at once; these are behind both looks.
  await pool.query(
    "update graphile_worker._private_jobs set run_at = run_at - interval '1 s' where id % 60 = 7 and priority = 0",
  );
  const ran = await runAll(10, 10);
  await holder.query("rollback");
  holder.release();
  expect(ran).toHaveLength(60);
});

test("a worker goes on beside a transaction that holds a queue's first job, and takes it when that ends", async () => {
  const { pool } = database;
  const ran: unknown[] = [];
  await addJob(pool, "task", { queue: "held0", key: "key0", priority: -2, payload: { n: 0 } });
  await addJobs(pool, "task", 20, { queue: "free%", queues: 20 });
  const holder = await replaceHeads(1);
  await using worker = await startWorker({
    pool,
    handlers: handlersFor({ task: (payload) => void ran.push(payload["n"]) }),
    concurrency: 1,
    pollIntervalMs: neverMs,
    listen: false,
  });
  await eventually(() => ran.length === 20);
  await holder.query("rollback");
  holder.release();
  await eventually(() => ran.length === 21);
  await worker.stop();
});

test("behind a backlog the oldest job runs within one round, in whichever queue it is", async () => {
  const { pool } = database;
  await addBacklog();
  // 641 queues: the ring of a claim of 10 has 70, so a round has 10 claims.
  await addJobs(pool, "task", 641, { queue: "q%", queues: 641 });
  await pool.query(
    `update graphile_worker._private_jobs set run_at = now() - interval '1 hour'
    where priority = 0 and job_queue_id = (select max(id) from graphile_worker._private_job_queues)`,
  );
  const { rows } = await pool.query<{ id: string }>(
    "select id from graphile_worker._private_jobs where run_at < now() - interval '1 minute' and priority = 0",
  );
  const ran = await runAll(10, 80);
  expect(ran).toHaveLength(641);
  expect(ran.indexOf(rows[0]?.id ?? "")).toBeLessThan(100);
});

test("every job of hundreds of queues runs within the rounds that those before it need", async () => {
  const { pool } = database;
  await addBacklog();
  await addJobs(pool, "task", 400, { queue: "q%", queues: 400 });
  // The later a queue comes in the ring, the earlier its job is due.
  await pool.query(
    "update graphile_worker._private_jobs set run_at = now() - id * interval '1 s' where priority = 0",
  );
  const { rows } = await pool.query<{ id: string }>(
    "select id from graphile_worker._private_jobs where priority = 0 order by run_at, id",
  );
  const ran = await runAll(10, 60);
  expect(ran).toHaveLength(400);
  const roundClaims = Math.ceil(400 / 70) + 2;
  const late = rows.filter(
    ({ id }, before) => ran.indexOf(id) >= 10 * roundClaims * (Math.floor(before / 10) + 1),
  );
  expect(late).toEqual([]);
});

test("a queued job doesn't starve behind unqueued ones that fill every claim", async () => {
  const { pool } = database;
  await addBacklog();
  await addJobs(pool, "task", 300, { queue: "q%", queues: 300 });
  await pool.query(
    `update graphile_worker._private_jobs set run_at = now() + interval '1 hour' where priority = 0`,
  );
  const id = await addJob(pool, "task", { queue: "q299", runAt: new Date(Date.now() - 3_600_000) });
  // Not among the newest due ones.
  await addJobs(pool, "task", 100, { queue: "last" });
  await addJobs(pool, "task", 2000);
  const ran = await runAll(10, 8);
  expect(ran).toHaveLength(80);
  expect(ran).toContain(id);
});

test("an unqueued job doesn't starve behind queued ones that fill every claim", async () => {
  const { pool } = database;
  await addJobs(pool, "task", 500, { queue: "q%", queues: 500 });
  const id = await addJob(pool, "task", { runAt: new Date(Date.now() - 1000) });
  expect((await claim(10)).map((job) => job.id)).toContain(id);
});

test("a claimer that finds nothing behind a backlog rests after one round", async () => {
  const { pool } = database;
  await addBacklog();
  await addJobs(pool, "task", 200, { queue: "later%", queues: 200 });
  await pool.query(
    "update graphile_worker._private_jobs set run_at = now() + interval '1 hour' where priority = 0",
  );
  const positions: (number | null)[] = [];
  let afterQueue = 0;
  do {
    const [row] = await claim(10, afterQueue);
    positions.push(row?.look_on ?? null);
    afterQueue = row?.look_on ?? 0;
  } while (afterQueue !== 0);
  expect(positions).toHaveLength(3);
  expect(positions.at(-1)).toBe(0);
});
