import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import { runOnce, startWorker } from "../../src/index.js";
import type { TestDatabase } from "../support/database.js";
import { eventually } from "../support/wait.js";
import { addJob, createQueue, handlersFor, listJobs, type JobSpec } from "./support.js";

let database: TestDatabase;
const ran: unknown[] = [];
const handlers = handlersFor({ note: (payload) => void ran.push(payload["n"]) });
beforeAll(async () => {
  database = await createQueue();
});
afterAll(() => database.drop());
beforeEach(async () => {
  ran.length = 0;
  await database.pool.query("delete from graphile_worker._private_jobs");
});

const hourMs = 3_600_000;

function ago(ms: number): Date {
  return new Date(Date.now() - ms);
}

async function add(n: number, spec: Omit<JobSpec, "payload"> = {}) {
  await addJob(database.pool, "note", { payload: { n }, ...spec });
}

async function runAll(options: { readonly forbiddenFlags?: readonly string[] } = {}) {
  await runOnce({ pool: database.pool, handlers, concurrency: 1, ...options });
}

test("lower priorities run first, then earlier times, then lower ids, with queues or without", async () => {
  await add(6, { priority: 5 });
  await add(4, { priority: 0, runAt: ago(1000) });
  await add(1, { priority: -3, queue: "a" });
  await add(5, { priority: 0, runAt: ago(1000), queue: "b" });
  await add(3, { priority: 0, runAt: ago(2000), queue: "c" });
  await add(2, { priority: -2, runAt: ago(5) });
  await runAll();
  expect(ran).toEqual([1, 2, 3, 4, 5, 6]);
});

test("a queue's own jobs keep to the same order", async () => {
  await add(3, { priority: 1, queue: "q", runAt: ago(hourMs) });
  await add(2, { priority: 0, queue: "q", runAt: ago(1000) });
  await add(4, { priority: 1, queue: "q", runAt: ago(1000) });
  await add(1, { priority: 0, queue: "q", runAt: ago(2000) });
  await runAll();
  expect(ran).toEqual([1, 2, 3, 4]);
});

test("a job for later doesn't hold up a due one behind it, and runs in its time", async () => {
  const soon = new Date(Date.now() + 400);
  await add(2, { priority: -1, runAt: soon });
  await add(3, { priority: -1, runAt: soon, queue: "q" });
  await add(1, { priority: 1, queue: "q" });
  await add(0, { priority: 0 });
  const worker = await startWorker({
    pool: database.pool,
    handlers,
    concurrency: 1,
    pollIntervalMs: 50,
  });
  await eventually(() => ran.length === 4);
  expect(Date.now()).toBeGreaterThanOrEqual(soon.getTime());
  await worker.stop();
  expect(ran).toEqual([0, 1, 2, 3]);
});

test("jobs with a forbidden flag, and of tasks without a handler, are left alone", async () => {
  await add(1, { flags: ["slow"] });
  await add(2, { flags: ["slow", "other"], queue: "q" });
  await add(3, { flags: ["other"], queue: "q" });
  await addJob(database.pool, "unknown", { queue: "q", priority: -1 });
  await runAll({ forbiddenFlags: ["slow"] });
  expect(ran).toEqual([3]);
  expect(await listJobs(database.pool)).toHaveLength(3);
  let asked = 0;
  const worker = await startWorker({
    pool: database.pool,
    handlers,
    forbiddenFlags: () => (asked++ === 0 ? ["slow"] : []),
    pollIntervalMs: 20,
  });
  await eventually(() => ran.length === 3);
  await worker.stop();
  expect(asked).toBeGreaterThan(1);
});

test("many jobs are claimed in their order, whatever the size of a claim", async () => {
  await database.pool.query(
    `insert into graphile_worker._private_jobs (task_id, payload, priority, run_at)
    select
      (select id from graphile_worker._private_tasks where identifier = 'note'),
      json_build_object('n', n), n % 3, now() - (n % 7) * interval '1 second'
    from generate_series(1, 500) as n`,
  );
  const { rows } = await database.pool.query<{ n: number }>(
    `select (payload ->> 'n')::int as n from graphile_worker._private_jobs
    order by priority, run_at, id`,
  );
  await runAll();
  expect(ran).toEqual(rows.map(({ n }) => n));
});
