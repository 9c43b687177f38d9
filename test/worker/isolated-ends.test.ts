import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import type { TestDatabase } from "../support/database.js";
import { drain, startIsolated, TestLog } from "./isolated/support.js";
import { addJob, countLocks, createQueue, listJobs, until } from "./support.js";

let database: TestDatabase;

beforeAll(async () => {
  database = await createQueue();
});

afterAll(() => database.drop());

beforeEach(async () => {
  await database.pool.query(
    "delete from graphile_worker._private_jobs; delete from graphile_worker._private_job_queues",
  );
});

const add = (task: string, payload: unknown = {}, spec: object = {}) =>
  addJob(database.pool, task, { ...spec, payload });

describe("a thread that ends before its handler fails that job alone", () => {
  test.each([
    ["process.exit", "exit", "exit", /exit code 7/u],
    ["an uncaught exception", "throw_later", "exception", /nobody catches it/u],
    ["an unhandled rejection", "reject_later", "exception", /nobody awaits it/u],
    ["too much memory", "fill_memory", "memory", /maxHeapMb/u],
  ])("by %s", async (_what, task, cause, message) => {
    const id = await add(task, {}, { queue: "q", maxAttempts: 1 });
    const next = await add("batch", [], { queue: "q" });
    await add("plain");
    const { errors, summary } = await drain(database, {
      isolation: { maxHeapMb: 64, maxThreads: 1 },
    });
    expect(errors.get(id)).toMatchObject({
      code: "JOB_CRASHED",
      details: { cause, task, jobId: id },
    });
    expect(errors.get(id)?.message).toMatch(message);
    // The next job of its queue had a new thread.
    expect(errors.get(next)).toBeUndefined();
    expect(summary).toMatchObject({ completed: 2, failed: 1, returned: 0, lost: 0 });
    expect(await listJobs(database.pool)).toMatchObject([{ id, attempts: 1, locked_by: null }]);
    expect(await countLocks(database.pool)).toBe(0);
  });
});

describe("an isolated handler that is aborted", () => {
  test("is ended at its timeout, in an endless loop even", async () => {
    const id = await add("spin_briefly", {}, { maxAttempts: 1 });
    const next = await add("batch", []);
    const completed: string[] = [];
    const { errors } = await drain(database, {
      abortGraceMs: 50,
      // The next job runs once there is a thread: the first one's end was no mere word.
      isolation: { maxThreads: 1 },
      on: { "job:success": ({ job }) => completed.push(job.id) },
    });
    expect(errors.get(id)).toMatchObject({ code: "JOB_TIMEOUT" });
    expect(completed).toEqual([next]);
    expect(await listJobs(database.pool)).toMatchObject([{ attempts: 1, locked_by: null }]);
  });

  test("hears of it by its signal, and may end by itself", async () => {
    const logger = new TestLog();
    const worker = await startIsolated(database, { logger, shutdownTimeoutMs: 50 });
    await add("wait");
    await logger.says("waits");
    await worker.stop();
    expect(logger.find("aborted")[0]?.details).toMatchObject({ code: "JOB_ABORTED" });
    expect(logger.find("Handler ended after")).toEqual([]);
    expect(await listJobs(database.pool)).toMatchObject([{ attempts: 0, locked_by: null }]);
  });

  test.each([
    ["a stop", "spin", false],
    ["a stop", "wait", false],
    ["a forced stop", "spin", true],
  ])("is given back by %s though it never ends: %s", async (_how, task, force) => {
    const logger = new TestLog();
    const worker = await startIsolated(database, {
      logger,
      shutdownTimeoutMs: force ? 600_000 : 50,
      abortGraceMs: force ? 600_000 : 50,
    });
    await add(task, { isDeaf: true }, { queue: "q" });
    await logger.says(task === "spin" ? "spins" : "waits");
    await worker.stop({ force });
    expect(await listJobs(database.pool)).toMatchObject([{ attempts: 0, locked_by: null }]);
    expect(await countLocks(database.pool)).toBe(0);
  });

  test("is ended when its job is removed through its key", async () => {
    const logger = new TestLog();
    await using worker = await startIsolated(database, {
      logger,
      pollIntervalMs: 50,
      abortGraceMs: 50,
    });
    const ended = new Promise((resolve) => worker.events.once("job:error", resolve));
    await add("spin", {}, { key: "k" });
    await logger.says("spins");
    await database.pool.query("select graphile_worker.remove_job('k')");
    expect(await ended).toMatchObject({ error: { code: "JOB_ABORTED" } });
  });
});

test("jobs of other threads and of the worker's own go on beside one that computes and is ended", async () => {
  const logger = new TestLog();
  await using worker = await startIsolated(database, {
    logger,
    pollIntervalMs: 50,
    isolation: { maxThreads: 2 },
  });
  const completed: string[] = [];
  worker.events.on("job:complete", ({ job, error }) => {
    if (error === undefined) completed.push(job.id);
  });
  await add("spin", {}, { key: "k" });
  await logger.says("spins");
  const others = [];
  for (const task of ["plain", "batch", "plain", "batch"]) {
    others.push(await add(task, task === "batch" ? [] : {}));
  }
  await until(() => completed.length === 4, "the others");
  expect(completed.toSorted()).toEqual(others.toSorted());
  await worker.stop({ force: true });
});

test("the heartbeat goes on while a handler computes for longer than the sweep's threshold", async () => {
  const logger = new TestLog();
  const recovery = { heartbeatIntervalMs: 100, sweepIntervalMs: 100, sweepThresholdMs: 1500 };
  const heard: string[] = [];
  await using worker = await startIsolated(database, {
    logger,
    recovery,
    blockedLoopMs: 1500,
    on: {
      "heartbeat:lost": () => heard.push("lost"),
      "eventLoop:blocked": () => heard.push("blocked"),
    },
  });
  await using sweeper = await startIsolated(database, { recovery, forbiddenFlags: ["mine"] });
  sweeper.events.on("sweep:complete", ({ recoveredJobIds }) => heard.push(...recoveredJobIds));
  const done = new Promise((resolve) => worker.events.once("job:complete", resolve));
  await add("compute", { ms: 4000 }, { flags: ["mine"] });
  expect(await done).toMatchObject({ error: undefined });
  expect(heard).toEqual([]);
});

test("a job that waits for a thread has its whole timeout yet", async () => {
  for (let n = 0; n < 4; n += 1) await add("wait_briefly");
  const { summary } = await drain(database, { isolation: { maxThreads: 1 } });
  expect(summary).toMatchObject({ completed: 4, failed: 0 });
});

test("a job that waits for a thread goes back at a stop", async () => {
  const logger = new TestLog();
  const worker = await startIsolated(database, {
    logger,
    isolation: { maxThreads: 1 },
    shutdownTimeoutMs: 50,
    abortGraceMs: 50,
  });
  await add("spin");
  await logger.says("spins");
  const started = new Promise((resolve) => worker.events.once("job:start", resolve));
  await add("spin");
  await started;
  await worker.stop();
  expect(await listJobs(database.pool)).toMatchObject([
    { attempts: 0, locked_by: null },
    { attempts: 0, locked_by: null },
  ]);
});
