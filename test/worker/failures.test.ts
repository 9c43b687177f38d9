import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import { runOnce, startWorker, type WorkerEventName } from "../../src/index.js";
import type { TestDatabase } from "../support/database.js";
import { eventually } from "../support/wait.js";
import { addJob, countLocks, createQueue, Gate, handlersFor, listJobs } from "./support.js";

let database: TestDatabase;
beforeAll(async () => {
  database = await createQueue();
});
afterAll(() => database.drop());
beforeEach(() => database.pool.query("delete from graphile_worker._private_jobs"));

/** Milliseconds from the last attempt to the next one. */
async function retryDelays(): Promise<number[]> {
  const { rows } = await database.pool.query<{ ms: string }>(
    `select extract(epoch from run_at - now()) * 1000 as ms
    from graphile_worker._private_jobs order by id`,
  );
  return rows.map(({ ms }) => Number(ms));
}

test.each([
  ["an Error", new Error("it broke"), "it broke"],
  ["a string", "just text", "A value that is not an Error was thrown: just text"],
  ["nothing", undefined, "A value that is not an Error was thrown: undefined"],
  ["an object", { status: 500 }, `A value that is not an Error was thrown: {"status":500}`],
  ["an Error without a message", new TypeError(""), "TypeError"],
  ["a message that PostgreSQL can't hold", new Error("a\0b\uD800c"), "a\u{FFFD}b\u{FFFD}c"],
  ["a very long message", new Error("x".repeat(50_000)), "x".repeat(10_000)],
])("a handler that throws %s fails the attempt", async (_name, thrown, message) => {
  const { pool } = database;
  await addJob(pool, "fail", { queue: "q" });
  const handlers = handlersFor({
    fail: () => Promise.reject(thrown),
  });
  await runOnce({ pool, handlers });
  expect(await listJobs(pool)).toMatchObject([{ attempts: 1, last_error: message }]);
  expect(await countLocks(pool)).toBe(0);
});

test("a handler that throws before it returns a promise fails the attempt", async () => {
  const { pool } = database;
  await addJob(pool, "fail");
  const handlers = handlersFor({
    fail: () => {
      throw new Error("at once");
    },
  });
  await runOnce({ pool, handlers });
  expect(await listJobs(pool)).toMatchObject([{ attempts: 1, last_error: "at once" }]);
});

test("failures wait exp(attempts) seconds, and never less than their time said", async () => {
  const { pool } = database;
  const handlers = handlersFor({ fail: () => Promise.reject(new Error("no")) });
  for (const attempts of [0, 1, 4, 15]) {
    const id = await addJob(pool, "fail", { maxAttempts: 25 });
    await pool.query("update graphile_worker._private_jobs set attempts = $2 where id = $1", [
      id,
      attempts,
    ]);
  }
  await runOnce({ pool, handlers });
  const delays = await retryDelays();
  const expected = [1, 2, 5, 10].map((attempts) => Math.exp(attempts) * 1000);
  for (const [index, ms] of expected.entries()) {
    expect(delays[index]).toBeLessThanOrEqual(ms);
    expect(delays[index]).toBeGreaterThan(ms - 30_000);
  }
  expect((await listJobs(pool)).map(({ attempts }) => attempts)).toEqual([1, 2, 5, 16]);
});

test("a failed job runs again, knowing what went wrong", async () => {
  const { pool } = database;
  const seen: unknown[] = [];
  await addJob(pool, "flaky");
  const handlers = handlersFor({
    flaky: (_payload, { job }) => {
      seen.push([job.attempts, job.lastError]);
      if (job.attempts === 1) throw new Error("first");
    },
  });
  await runOnce({ pool, handlers });
  await pool.query("update graphile_worker._private_jobs set run_at = now()");
  await runOnce({ pool, handlers });
  expect(seen).toEqual([
    [1, null],
    [2, "first"],
  ]);
  expect(await listJobs(pool)).toEqual([]);
});

test("the last failure is final: the job stays, with its error, and frees its queue", async () => {
  const { pool } = database;
  const told: string[] = [];
  await addJob(pool, "fail", { maxAttempts: 1, queue: "q" });
  await addJob(pool, "next", { queue: "q" });
  const ran: string[] = [];
  const handlers = handlersFor({
    fail: () => {
      throw new Error("for good");
    },
    next: () => void ran.push("next"),
  });
  const tell = (name: WorkerEventName) => () => void told.push(name);
  await runOnce({
    pool,
    handlers,
    on: {
      "job:error": tell("job:error"),
      "job:failed": tell("job:failed"),
      "job:success": tell("job:success"),
    },
  });
  expect(ran).toEqual(["next"]);
  expect(told).toEqual(["job:error", "job:failed", "job:success"]);
  expect(await listJobs(pool)).toMatchObject([
    { attempts: 1, max_attempts: 1, last_error: "for good", locked_by: null },
  ]);
});

test("a payload that breaks its schema fails with what is wrong and never reaches the handler", async () => {
  const { pool } = database;
  let calls = 0;
  const validator = Object.assign(() => false, {
    errors: [
      {
        instancePath: "/to",
        keyword: "type",
        params: { type: "string" },
        message: "must be string",
      },
    ],
  });
  await addJob(pool, "mail", { payload: { to: 1 } });
  const handlers = handlersFor({ mail: () => void (calls += 1) }, { validator });
  await runOnce({ pool, handlers });
  expect(calls).toBe(0);
  expect(await listJobs(pool)).toMatchObject([
    {
      attempts: 1,
      last_error:
        "The payload of task mail breaks its schema: /to must be string, was a number [type].",
    },
  ]);
});

test("a handler that runs into its timeout hears of it; if it ends in time its own end counts", async () => {
  const { pool } = database;
  const reasons: unknown[] = [];
  await addJob(pool, "obedient");
  await addJob(pool, "finisher");
  const wait = (signal: AbortSignal) =>
    new Promise<void>((resolve) => {
      signal.addEventListener("abort", () => resolve(), { once: true });
    });
  const handlers = handlersFor(
    {
      obedient: async (_payload, { signal }) => {
        await wait(signal);
        reasons.push(signal.reason);
        throw new Error("stopped early");
      },
      finisher: async (_payload, { signal }) => wait(signal),
    },
    { timeoutMs: 30 },
  );
  await runOnce({ pool, handlers });
  expect(reasons).toMatchObject([{ code: "JOB_TIMEOUT", details: { timeoutMs: 30 } }]);
  expect(await listJobs(pool)).toMatchObject([
    { attempts: 1, last_error: "Task obedient took longer than its timeout of 30 ms." },
  ]);
});

test("a handler that ignores its timeout is given up: its slot and its job are free, its end changes nothing", async () => {
  const { pool } = database;
  const gate = new Gate();
  const late: unknown[] = [];
  let runs = 0;
  await addJob(pool, "stuck", { queue: "q" });
  const handlers = handlersFor(
    {
      stuck: async () => {
        runs += 1;
        if (runs > 1) return;
        await gate.opened;
        throw new Error("too late");
      },
    },
    { timeoutMs: 20 },
  );
  const worker = await startWorker({
    pool,
    handlers,
    concurrency: 1,
    abortGraceMs: 20,
    pollIntervalMs: 20,
  });
  worker.events.on("job:late", ({ error }) => late.push(error));
  await eventually(async () => (await listJobs(pool))[0]?.last_error !== null);
  expect(await countLocks(pool)).toBe(0);
  await pool.query("update graphile_worker._private_jobs set run_at = now()");
  await eventually(async () => (await listJobs(pool)).length === 0);
  gate.open();
  await eventually(() => late.length === 1);
  expect(late).toMatchObject([{ message: "too late" }]);
  await worker.stop();
  expect(runs).toBe(2);
});

test("a settle of a job that others have taken changes nothing and says so", async () => {
  const { pool } = database;
  const lost: string[] = [];
  const id = await addJob(pool, "taken", { queue: "q" });
  const handlers = handlersFor({
    taken: async () => {
      await pool.query(
        `update graphile_worker._private_jobs set locked_by = 'other', locked_at = now();
        update graphile_worker._private_job_queues set locked_by = 'other', locked_at = now();`,
      );
    },
  });
  await runOnce({ pool, handlers, on: { "job:lost": ({ job }) => void lost.push(job.id) } });
  expect(lost).toEqual([id]);
  expect(await listJobs(pool)).toMatchObject([{ id, locked_by: "other" }]);
  expect(await countLocks(pool)).toBe(2);
  await pool.query("delete from graphile_worker._private_job_queues");
});

test("a settle is fenced by the time of the lock too: the same worker's next claim is not touched", async () => {
  const { pool } = database;
  const lost: string[] = [];
  const id = await addJob(pool, "again");
  const handlers = handlersFor({
    again: async () => {
      await pool.query(
        "update graphile_worker._private_jobs set locked_at = locked_at + interval '1 microsecond'",
      );
    },
  });
  await runOnce({
    pool,
    handlers,
    workerId: "me",
    on: { "job:lost": ({ job }) => void lost.push(job.id) },
  });
  expect(lost).toEqual([id]);
  expect(await listJobs(pool)).toMatchObject([{ id, locked_by: "me" }]);
});
