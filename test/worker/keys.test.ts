import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import { startWorker, type Worker } from "../../src/index.js";
import type { TestDatabase } from "../support/database.js";
import { eventually } from "../support/wait.js";
import { addJob, createQueue, Gate, handlersFor, listJobs } from "./support.js";

let database: TestDatabase;
let worker: Worker;
let gate: Gate;
const started: unknown[] = [];

beforeAll(async () => {
  database = await createQueue();
});
afterAll(() => database.drop());
beforeEach(async () => {
  await database.pool.query("delete from graphile_worker._private_jobs");
  started.length = 0;
  gate = new Gate();
});

/** Starts a job with the key, and returns while its handler runs. */
async function runKeyedJob(): Promise<void> {
  const handlers = handlersFor({
    keyed: async (payload) => {
      started.push(payload["n"]);
      await gate.opened;
    },
  });
  worker = await startWorker({ pool: database.pool, handlers });
  await addJob(database.pool, "keyed", { payload: { n: 1 }, key: "k" });
  await eventually(() => started.length === 1);
}

async function finish(): Promise<void> {
  gate.open();
  await eventually(async () => (await listJobs(database.pool)).length === 0);
  await worker.stop();
}

test.each(["replace", "preserve_run_at"])(
  "%s while the job runs adds a second one, and the running one isn't tried again",
  async (keyMode) => {
    await runKeyedJob();
    await addJob(database.pool, "keyed", { payload: { n: 2 }, key: "k", keyMode });
    await eventually(() => started.length === 2);
    const [first, second] = await listJobs(database.pool);
    expect(first).toMatchObject({ key: null, attempts: 25, max_attempts: 25 });
    expect(second).toMatchObject({ key: "k", attempts: 1 });
    await finish();
    expect(started).toEqual([1, 2]);
  },
);

test("unsafe_dedupe while the job runs adds nothing", async () => {
  await runKeyedJob();
  await addJob(database.pool, "keyed", { payload: { n: 2 }, key: "k", keyMode: "unsafe_dedupe" });
  expect(await listJobs(database.pool)).toHaveLength(1);
  await finish();
  expect(started).toEqual([1]);
});

test("a waiting job is replaced, and runs once with what came last", async () => {
  const { pool } = database;
  const runAt = new Date(Date.now() + 300);
  await addJob(pool, "keyed", { payload: { n: 1 }, key: "k", runAt });
  await addJob(pool, "keyed", { payload: { n: 2 }, key: "k", keyMode: "preserve_run_at" });
  expect(await listJobs(pool)).toMatchObject([{ run_at: runAt }]);
  await addJob(pool, "keyed", { payload: { n: 3 }, key: "k" });
  const handlers = handlersFor({ keyed: (payload) => void started.push(payload["n"]) });
  worker = await startWorker({ pool, handlers, pollIntervalMs: 50 });
  await finish();
  expect(started).toEqual([3]);
});
