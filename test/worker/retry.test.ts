import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import {
  NonRetriableError,
  RetryAfterError,
  runOnce,
  startWorker,
  type Plugin,
  type RetryTime,
  type WorkerEventName,
} from "../../src/index.js";
import { latestRetryTime, toRetryText } from "../../src/tasks/retry.js";
import type { TestDatabase } from "../support/database.js";
import { addJob, countLocks, createQueue, handlersFor, listJobs, until } from "./support.js";

let database: TestDatabase;
beforeAll(async () => {
  database = await createQueue();
});
afterAll(() => database.drop());
beforeEach(() => database.pool.query("delete from graphile_worker._private_jobs"));

const minuteMs = 60_000;
const day = new Date("2120-01-01T00:00:00Z");

/** Runs one job that fails so, and tells the events and the milliseconds until its next attempt. */
async function runFailing(thrown: unknown, plugins: readonly Plugin[] = []) {
  const { pool } = database;
  await addJob(pool, "fail", { queue: "q" });
  const told: WorkerEventName[] = [];
  const tell = (name: WorkerEventName) => () => told.push(name);
  await runOnce({
    pool,
    handlers: handlersFor({ fail: () => Promise.reject(thrown) }),
    plugins,
    on: { "job:error": tell("job:error"), "job:failed": tell("job:failed") },
  });
  const { rows } = await pool.query<{ inMs: number; isAvailable: boolean }>(
    `select
      (extract(epoch from run_at - updated_at) * 1000)::float8 as "inMs",
      is_available as "isAvailable"
    from graphile_worker._private_jobs`,
  );
  const [job] = await listJobs(pool);
  expect(await countLocks(pool)).toBe(0);
  return { told, job, ...rows[0] };
}

test("a handler says after how long its job is tried again", async () => {
  const { inMs, job, told } = await runFailing(
    new RetryAfterError("rate limited", { after: 10 * minuteMs }),
  );
  expect(inMs).toBeGreaterThanOrEqual(10 * minuteMs);
  expect(inMs).toBeLessThan(11 * minuteMs);
  expect(job).toMatchObject({ attempts: 1, max_attempts: 25, last_error: "rate limited" });
  expect(told).toEqual(["job:error"]);
});

test("a handler says at what time its job is tried again", async () => {
  const { job } = await runFailing(new RetryAfterError("closed", { after: day }));
  expect(job).toMatchObject({ attempts: 1, run_at: day });
});

test.each([0, new Date(0), new Date(-8.64e15)])(
  "a job whose time is now (%s) runs again without a poll, until its attempts are used up",
  async (after) => {
    const { pool } = database;
    const handlers = handlersFor({
      fail: () => Promise.reject(new RetryAfterError("no", { after })),
    });
    await using worker = await startWorker({ pool, handlers, pollIntervalMs: 2 ** 31 - 1 });
    let isOver = false;
    worker.events.on("job:failed", () => {
      isOver = true;
    });
    await addJob(pool, "fail", { maxAttempts: 3 });
    await until(() => isOver);
    await worker.stop();
    expect(await listJobs(pool)).toMatchObject([{ attempts: 3, max_attempts: 3 }]);
  },
);

test("a handler says that its job is not to be tried again: the row stays as if all attempts were used", async () => {
  const { job, told, isAvailable } = await runFailing(new NonRetriableError("no such user"));
  expect(job).toMatchObject({ attempts: 25, max_attempts: 25, last_error: "no such user" });
  expect(isAvailable).toBe(false);
  expect(told).toEqual(["job:error", "job:failed"]);
});

test("a settle interceptor sees what the handler asked for, and decides", async () => {
  const asked: (RetryTime | undefined)[] = [];
  const settle = (retry: RetryTime | undefined): Plugin => ({
    name: `settle ${String(retry)}`,
    settle: async ({ outcome }, next) => {
      if (outcome.kind === "completed") return undefined;
      asked.push(outcome.retry);
      return next({ kind: "failed", error: outcome.error, retry });
    },
  });
  const later = await runFailing(new NonRetriableError("no"), [settle(day)]);
  expect(later.job).toMatchObject({ attempts: 1, run_at: day });
  await database.pool.query("delete from graphile_worker._private_jobs");
  const never = await runFailing(new Error("no"), [settle("never")]);
  expect(never.job).toMatchObject({ attempts: 25 });
  expect(never.told).toEqual(["job:error", "job:failed"]);
  expect(asked).toEqual(["never", undefined]);
});

test("an interceptor's own error says when, as a handler's does", async () => {
  const error = new RetryAfterError("later", { after: day });
  const plugin: Plugin = { name: "later", settle: async () => ({ kind: "failed", error }) };
  const { job } = await runFailing(new Error("no"), [plugin]);
  expect(job).toMatchObject({ run_at: day, last_error: "later" });
});

test.each([
  ["a negative delay", { kind: "failed", error: new Error("x"), retry: -1 }],
  ["no error", { kind: "failed" }],
])(
  "an interceptor that goes on with %s is refused, and the job fails as it did",
  async (_, bad) => {
    const plugin: Plugin = { name: "bad", settle: async (_request, next) => next(bad as never) };
    const { job } = await runFailing(new Error("as it did"), [plugin]);
    expect(job).toMatchObject({ attempts: 1, last_error: "as it did" });
  },
);

test("a batch waits for the latest of its items' times", async () => {
  const { pool } = database;
  await addJob(pool, "batch", { payload: [1, 2, 3] });
  await runBatch([
    new RetryAfterError("soon", { after: 1 }),
    new RetryAfterError("late", { after: day }),
    new NonRetriableError("never"),
  ]);
  expect(await listJobs(pool)).toMatchObject([{ attempts: 1, run_at: day, payload: [1, 2, 3] }]);
});

test("a batch fails for good when each item that failed does, and keeps these", async () => {
  const { pool } = database;
  await addJob(pool, "batch", { payload: [1, 2, 3] });
  await runBatch([new NonRetriableError("bad"), "fine", new NonRetriableError("bad")]);
  expect(await listJobs(pool)).toMatchObject([{ attempts: 25, payload: [1, 3] }]);
});

async function runBatch(results: readonly unknown[]): Promise<void> {
  const handlers = handlersFor({ batch: () => results }, { batch: {} });
  await runOnce({ pool: database.pool, handlers });
}

test("a time that is none is refused where it is made", () => {
  for (const after of [-1, NaN, Infinity, new Date(NaN), "never", undefined, null]) {
    expect(() => new RetryAfterError("x", { after: after as never })).toThrow(
      expect.objectContaining({ code: "OPTION_INVALID" }),
    );
  }
});

test("PostgreSQL takes every time that may be given", async () => {
  const times: RetryTime[] = [0, 1e-7, 0.5, 8e15, new Date(8.64e15), new Date(-8.64e15), "never"];
  for (const text of [undefined, ...times].map(toRetryText)) {
    const { rows } = await database.pool.query<{ isTime: boolean }>(
      `select isfinite(graphile_worker.taskwright_retry_time($1, 3, now())) as "isTime"`,
      [text],
    );
    expect(rows).toEqual([{ isTime: true }]);
  }
});

test("the latest of several times, and never only if all say so", () => {
  const soon = new Date(Date.now() + 1000);
  expect(latestRetryTime([])).toBeUndefined();
  expect(latestRetryTime([undefined, "never"])).toBeUndefined();
  expect(latestRetryTime(["never", "never"])).toBe("never");
  expect(latestRetryTime([5, soon, "never"])).toBe(soon);
  expect(latestRetryTime([5, soon, minuteMs])).toBe(minuteMs);
});
