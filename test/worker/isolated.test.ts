import { threadId } from "node:worker_threads";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { BatchError, NonRetriableError, RetryAfterError } from "../../src/index.js";
import type { TestDatabase } from "../support/database.js";
import { drain, listEffects, TestLog } from "./isolated/support.js";
import { addJob, countLocks, createQueue, listJobs } from "./support.js";

let database: TestDatabase;

beforeAll(async () => {
  database = await createQueue();
  await database.pool.query(
    "create table effects (id serial primary key, job_id text, report json)",
  );
});

afterAll(() => database.drop());

beforeEach(async () => {
  await database.pool.query(
    "delete from effects; delete from graphile_worker._private_jobs; delete from graphile_worker._private_job_queues",
  );
});

const add = (task: string, payload: unknown = {}, spec: object = {}) =>
  addJob(database.pool, task, { ...spec, payload });

test("an isolated handler runs in another thread, with a context as any handler's", async () => {
  const id = await add("report", {
    a: [1],
    _cron: { ts: "2026-01-01T00:00:00.000Z", backfilled: true },
    _trace: { traceparent: "00" },
  });
  const { summary } = await drain(database);
  expect(summary).toMatchObject({ completed: 1, failed: 0 });
  const [effect] = await listEffects(database.pool);
  expect(effect).toMatchObject({
    job_id: id,
    report: {
      payload: { a: [1] },
      attempts: 1,
      runAt: true,
      isFrozen: true,
      cron: { ts: "2026-01-01T00:00:00.000Z", backfilled: true },
      trace: { traceparent: "00" },
    },
  });
  expect(effect?.report?.["threadId"]).not.toBe(threadId);
});

test("a thread runs one job after the other, with one app", async () => {
  for (let n = 0; n < 5; n += 1) await add("report");
  await drain(database, { isolation: { maxThreads: 1 } });
  const reports = (await listEffects(database.pool)).map(({ report }) => report?.["app"]);
  expect(reports).toHaveLength(5);
  expect(new Set(reports.map((app) => JSON.stringify(app))).size).toBe(1);
  expect(reports[0]).toMatchObject({ made: 1 });
});

test("what an isolated handler logs is in the worker's log", async () => {
  const logger = new TestLog();
  const jobId = await add("log");
  await drain(database, { logger });
  expect(logger.find("some details")[0]?.details).toMatchObject({
    jobId,
    task: "log",
    list: [1, { two: 2 }],
    error: expect.objectContaining({ message: "told" }) as Error,
    fn: "[function]",
  });
  expect(logger.find("none")).toHaveLength(1);
});

describe("what an isolated handler throws fails its job", () => {
  const cases: readonly (readonly [string, object])[] = [
    ["error", { name: "TypeError", message: "wrong", code: "E1", cause: { message: "why" } }],
    ["text", { message: "A value that is not an Error was thrown: just a text" }],
    ["nothing", { message: expect.stringContaining("undefined") as string }],
    ["function", { message: expect.stringContaining("[function]") as string }],
    ["symbol", { message: expect.stringContaining("Symbol(sign)") as string }],
    ["proxy", { message: expect.stringContaining("[unreadable]") as string }],
    ["getters", { message: expect.stringContaining("[unreadable]") as string }],
    ["uncloneable", { message: "holds a function", give: "[function]" }],
  ];
  let ids: ReadonlyMap<string, string>;
  let errors: ReadonlyMap<string, Error>;

  beforeAll(async () => {
    const entries = cases.map(async ([as]) => [as, await add("fail", { as })] as const);
    ids = new Map(await Promise.all(entries));
    ({ errors } = await drain(database));
    for (const row of await listJobs(database.pool)) {
      expect(row).toMatchObject({ attempts: 1, locked_by: null });
    }
  });

  test.each(cases)("as it was: %s", (as, expected) => {
    const error = errors.get(ids.get(as) ?? "");
    expect(error).toBeInstanceOf(Error);
    expect(error).toMatchObject(expected);
  });

  test("for good, if it says so", async () => {
    const id = await add("fail", { as: "never" });
    const { errors } = await drain(database);
    expect(errors.get(id)).toBeInstanceOf(NonRetriableError);
    expect(await listJobs(database.pool)).toMatchObject([
      { attempts: 25, last_error: "never again" },
    ]);
  });

  test("until the time that it says", async () => {
    const id = await add("fail", { as: "later" }, { maxAttempts: 3 });
    const { errors, summary } = await drain(database);
    expect(errors.get(id)).toBeInstanceOf(RetryAfterError);
    expect(summary.failed).toBe(3);
  });

  test("item by item, if it is a batch", async () => {
    const id = await add("batch", [{}, { as: "error" }, {}, { as: "text" }]);
    const { errors } = await drain(database);
    const error = errors.get(id);
    expect(error).toBeInstanceOf(BatchError);
    expect(error).toMatchObject({ failed: [1, 3], code: "BATCH_ITEMS_FAILED" });
    expect(error?.message).toContain("item 1: wrong");
    const { rows } = await database.pool.query("select payload from graphile_worker._private_jobs");
    expect(rows).toEqual([{ payload: [{ as: "error" }, { as: "text" }] }]);
  });
});

describe("completeIn in a thread", () => {
  test("completes the job with the handler's own writes", async () => {
    const id = await add("write", {}, { queue: "q" });
    const { summary } = await drain(database);
    expect(summary).toMatchObject({ completed: 1, failed: 0, lost: 0 });
    expect(await listEffects(database.pool)).toMatchObject([{ job_id: id }]);
    expect(await listJobs(database.pool)).toEqual([]);
    expect(await countLocks(database.pool)).toBe(0);
  });

  test.each([
    ["rolled back", "COMPLETION_ROLLED_BACK"],
    ["crash", "JOB_CRASHED"],
  ])("leaves nothing behind when its transaction ends otherwise: %s", async (ends, code) => {
    const id = await add("write", { ends }, { queue: "q" });
    const { errors } = await drain(database);
    expect(errors.get(id)).toMatchObject({ code });
    expect(await listEffects(database.pool)).toEqual([]);
    expect(await listJobs(database.pool)).toMatchObject([{ attempts: 1, locked_by: null }]);
    expect(await countLocks(database.pool)).toBe(0);
  });

  test("counts, whatever the handler does after the commit", async () => {
    await add("write", { ends: "failed after" });
    const { summary } = await drain(database);
    expect(summary).toMatchObject({ completed: 1, failed: 0 });
    expect(await listJobs(database.pool)).toEqual([]);
  });

  test("refuses what is no transaction", async () => {
    const id = await add("write", { ends: "on the pool" });
    const { errors } = await drain(database);
    expect(errors.get(id)).toMatchObject({ code: "OPTION_INVALID" });
    expect(await listJobs(database.pool)).toMatchObject([{ attempts: 1, locked_by: null }]);
  });
});

test.each(["added", "added outside"])("an isolated handler adds jobs: %s", async (ends) => {
  const by = await add("write", { ends });
  const { summary } = await drain(database);
  expect(summary).toMatchObject({ completed: 2, failed: 0 });
  expect(await listEffects(database.pool)).toMatchObject([{ job_id: by }]);
});
