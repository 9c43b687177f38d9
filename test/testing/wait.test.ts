import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import { NonRetriableError, startWorker, type Worker } from "../../src/index.js";
import { nextJob, waitForJob } from "../../src/testing/index.js";
import { Cluster } from "../support/cluster.js";
import type { TestDatabase } from "../support/database.js";
import { addJob, createQueue, Gate, handlersFor } from "../worker/support.js";

let database: TestDatabase;
let worker: Worker;
let gate: Gate;
beforeAll(async () => {
  database = await createQueue();
});
afterAll(() => database.drop());
beforeEach(async () => {
  await database.pool.query("delete from graphile_worker._private_jobs");
  gate = new Gate();
});

async function start(): Promise<Worker> {
  worker = await startWorker({
    connectionString: database.connectionString,
    handlers: handlersFor({
      wait: () => gate.opened,
      fail: () => Promise.reject(new NonRetriableError("no such user")),
      retry: () => Promise.reject(new Error("not yet")),
    }),
  });
  return worker;
}

test("a job is waited for until it is completed, by its id, itself or its key", async () => {
  const { pool } = database;
  await using _worker = await start();
  const id = await addJob(pool, "wait", { key: "k" });
  const waiting = [id, { id }, { key: "k" }].map((which) => waitForJob(pool, which));
  await waitForJob(pool, id, { timeoutMs: 0 }).then(
    () => expect.unreachable(),
    (error: unknown) => expect(error).toMatchObject({ code: "WAIT_TIMEOUT" }),
  );
  gate.open();
  for (const waited of waiting) expect(await waited).toEqual({ end: "completed", job: undefined });
});

test("a job that fails for good rejects, unless that is waited for", async () => {
  const { pool } = database;
  await using _worker = await start();
  const id = await addJob(pool, "fail");
  await expect(waitForJob(pool, id)).rejects.toMatchObject({
    code: "WAIT_FAILED",
    message: `Job ${id} failed and is not tried again: no such user`,
  });
  expect(await waitForJob(pool, id, { until: "failed" })).toMatchObject({
    end: "failed",
    job: { id, lastError: "no such user" },
  });
  expect(await waitForJob(pool, id, { until: "either" })).toMatchObject({ end: "failed" });
  gate.open();
  const other = await addJob(pool, "wait");
  await expect(waitForJob(pool, other, { until: "failed" })).rejects.toMatchObject({
    code: "WAIT_FAILED",
    details: { end: "completed" },
  });
});

test("a wait that is over says how the job stands", async () => {
  const { pool } = database;
  await using worker = await start();
  const attempted = new Promise((resolve) => worker.events.on("job:complete", resolve));
  const id = await addJob(pool, "retry");
  await attempted;
  await expect(waitForJob(pool, id, { timeoutMs: 1 })).rejects.toMatchObject({
    code: "WAIT_TIMEOUT",
    message: `Job ${id} had not ended after 1 ms: it is retrying (attempts: 1, last error: not yet).`,
    details: { state: "retrying", attempts: 1 },
  });
});

test("a key that no job has is told at once", async () => {
  await expect(waitForJob(database.pool, { key: "gone" })).rejects.toMatchObject({
    code: "WAIT_FAILED",
    details: { key: "gone" },
  });
});

test("a worker's next job is heard of, whatever ends before it", async () => {
  const { pool } = database;
  await using worker = await start();
  const next = nextJob(worker, { task: { identifier: "wait" }, key: "mine" });
  const failing = nextJob(worker, { task: "fail" }, { until: "failed" });
  const unexpected = nextJob(worker, { task: "fail" });
  gate.open();
  await addJob(pool, "wait", { key: "other" });
  const id = await addJob(pool, "wait", { key: "mine" });
  await addJob(pool, "retry");
  await addJob(pool, "fail");
  expect(await next).toMatchObject({ end: "completed", job: { id } });
  expect(await failing).toMatchObject({ end: "failed", job: { task: "fail" } });
  await expect(unexpected).rejects.toMatchObject({ code: "WAIT_FAILED" });
});

test("a worker's next job is not waited for without end", async () => {
  await using worker = await start();
  await addJob(database.pool, "retry");
  await expect(nextJob(worker, { task: "retry" }, { timeoutMs: 50 })).rejects.toMatchObject({
    code: "WAIT_TIMEOUT",
    details: { task: "retry" },
  });
});

test("a database that can't be reached is asked again until the time is over", async () => {
  const cluster = await Cluster.create();
  const { Client } = await import("pg");
  try {
    await cluster.stop();
    const db = {
      query: async (text: string, values: unknown[]) => {
        const client = new Client({ connectionString: cluster.connectionString });
        await client.connect();
        return client.query(text, values);
      },
    };
    await expect(waitForJob(db, "1", { timeoutMs: 100 })).rejects.toMatchObject({
      code: "WAIT_TIMEOUT",
      message: expect.stringContaining("can't be reached"),
    });
  } finally {
    await cluster.destroy();
  }
});

test("options that can't be meant are refused", async () => {
  const { pool } = database;
  const refused = { code: "OPTION_INVALID" };
  await expect(waitForJob(pool, "1", { timeoutMs: -1 })).rejects.toMatchObject(refused);
  await expect(waitForJob(pool, "1", { until: "done" as never })).rejects.toMatchObject(refused);
  await expect(waitForJob(pool, "1", { timeout: 1 } as never)).rejects.toMatchObject({
    code: "OPTION_UNKNOWN",
  });
});

test.each<[string, unknown]>([
  ["undefined", undefined],
  ["null", null],
  ["no job", {}],
  ["an id that is undefined", { id: undefined }],
  ["a key that is undefined", { key: undefined }],
  ["a key that is null", { key: null }],
  ["a number", 1],
  ["an id that is none", "one"],
  ["an id that is a number", { id: 1 }],
])("waiting for %s is refused: it would end with any job", async (_name, which) => {
  await expect(waitForJob(database.pool, which as never)).rejects.toMatchObject({
    code: "OPTION_INVALID",
  });
});

test.each<[string, unknown]>([
  ["a task that is undefined", { task: undefined }],
  ["an id that is undefined", { id: undefined }],
  ["a key that is null", { key: null }],
  ["a task of an object without an identifier", { task: {} }],
  ["null", null],
  ["a string", "send_email"],
])("the next job with %s is refused: any job would do", (_name, which) => {
  const worker = { events: { on: () => () => {} } };
  expect(() => nextJob(worker, which as never)).toThrow(
    expect.objectContaining({ code: "OPTION_INVALID" }),
  );
  expect(() => nextJob({} as never)).toThrow(expect.objectContaining({ code: "OPTION_INVALID" }));
});
