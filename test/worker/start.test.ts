import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import { runOnce, startWorker } from "../../src/index.js";
import type { TestDatabase } from "../support/database.js";
import { eventually } from "../support/wait.js";
import { addJob, addJobs, countLocks, createQueue, handlersFor, listJobs } from "./support.js";

let database: TestDatabase;
beforeAll(async () => {
  database = await createQueue();
});
afterAll(() => database.drop());
beforeEach(() => database.pool.query("delete from graphile_worker._private_jobs"));

test("a worker runs jobs that were there before and jobs that are added later", async () => {
  const { pool, connectionString } = database;
  const seen: unknown[] = [];
  const handlers = handlersFor({ note: (payload) => void seen.push(payload["n"]) });
  await addJob(pool, "note", { payload: { n: 1 } });
  await using worker = await startWorker({ connectionString, handlers });
  await eventually(() => seen.length === 1);
  await addJob(pool, "note", { payload: { n: 2 } });
  await eventually(async () => (await listJobs(pool)).length === 0);
  expect(seen).toEqual([1, 2]);
  await worker.stop();
  expect(await countLocks(pool)).toBe(0);
});

test("the handler gets the validated payload, the job and the app", async () => {
  const { pool, connectionString } = database;
  const seen: unknown[] = [];
  const handlers = handlersFor<{ readonly name: string }>({
    note: (payload, { app, job, cron, trace }) =>
      void seen.push({ payload, app, job, cron, trace }),
  });
  const cron = { ts: "2030-01-01T00:00:00.000Z", backfilled: false };
  const id = await addJob(pool, "note", {
    payload: { n: 1, _cron: cron, _trace: "t" },
    queue: "q",
    key: "k",
    priority: 3,
    maxAttempts: 7,
    flags: ["f"],
  });
  await runOnce({ connectionString, handlers, app: { name: "app" }, workerId: "me" });
  expect(seen).toEqual([
    {
      payload: { n: 1 },
      app: { name: "app" },
      cron,
      trace: "t",
      job: expect.objectContaining({
        id,
        task: "note",
        payload: { n: 1, _cron: cron, _trace: "t" },
        queueName: "q",
        key: "k",
        priority: 3,
        attempts: 1,
        maxAttempts: 7,
        lastError: null,
        lockedBy: "me",
        revision: 0,
        flags: ["f"],
        runAt: expect.any(Date),
        lockedAt: expect.any(Date),
      }),
    },
  ]);
});

test("a payload of null, which the Rust crate's scheduler writes for none, is an empty one", async () => {
  const { pool, connectionString } = database;
  const seen: unknown[] = [];
  const handlers = handlersFor({ note: (payload, { cron }) => void seen.push({ payload, cron }) });
  await addJob(pool, "note", { payload: null });
  await pool.query("update graphile_worker._private_jobs set payload = 'null'");
  await runOnce({ connectionString, handlers });
  expect(seen).toEqual([{ payload: {}, cron: undefined }]);
});

test("runOnce drains what is due, queues and jobs that handlers add included, and ends", async () => {
  const { pool, connectionString } = database;
  let runs = 0;
  const handlers = handlersFor({
    step: async (payload, { db }) => {
      runs += 1;
      if (payload["n"] === 0) {
        await db.query("select graphile_worker.add_job('step', '{}', 'later-queue')", []);
      }
    },
  });
  await addJobs(pool, "step", 60, { queue: "q%", queues: 3 });
  await addJob(pool, "step", { runAt: new Date(Date.now() + 3_600_000) });
  await runOnce({ connectionString, handlers });
  expect(runs).toBe(61);
  expect(await listJobs(pool)).toHaveLength(1);
  expect(await countLocks(pool)).toBe(0);
});

test("a pool that was given is used and left open", async () => {
  const { pool } = database;
  let runs = 0;
  await addJobs(pool, "count", 25);
  await runOnce({ pool, handlers: handlersFor({ count: () => void (runs += 1) }) });
  expect(runs).toBe(25);
  expect((await pool.query("select 1 as one")).rows).toEqual([{ one: 1 }]);
});

test("a start that fails says why and leaves nothing behind", async () => {
  const url = new URL(database.connectionString);
  url.pathname = "/there_is_no_such_database";
  const handlers = handlersFor({ note: () => {} });
  await expect(startWorker({ connectionString: url.href, handlers })).rejects.toMatchObject({
    code: "3D000",
  });
});

test("a start doesn't wait for a transaction that adds the first job of a task", async () => {
  const { pool, connectionString } = database;
  const client = await pool.connect();
  await client.query("begin");
  await client.query("select graphile_worker.add_job('brand_new')");
  const ran: string[] = [];
  const handlers = handlersFor({
    brand_new: () => void ran.push("brand_new"),
    known: () => void ran.push("known"),
  });
  await using worker = await startWorker({ connectionString, handlers, pollIntervalMs: 600_000 });
  await addJob(pool, "known");
  await eventually(() => ran.length === 1);
  await client.query("commit");
  client.release();
  await eventually(() => ran.length === 2);
  expect(ran).toEqual(["known", "brand_new"]);
  await worker.stop();
});
