import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { runOnce, startWorker, type WorkerListeners } from "../../src/index.js";
import type { TestDatabase } from "../support/database.js";
import { hostileValues } from "../support/hostile.js";
import { installRefusals, refuse, refuseNothing } from "./refusals.js";
import {
  addJob,
  addJobs,
  countLocks,
  createQueue,
  handlersFor,
  listJobs,
  until,
} from "./support.js";

let database: TestDatabase;
beforeAll(async () => {
  database = await createQueue();
  await installRefusals(database.pool);
});
afterAll(() => database.drop());
beforeEach(() =>
  database.pool.query(
    "delete from graphile_worker._private_jobs; select setval('turns', 1, false)",
  ),
);
afterEach(() => refuseNothing(database.pool));

/** What became of results, told by events. */
function listen(): { readonly told: string[]; readonly on: WorkerListeners } {
  const told: string[] = [];
  const on: WorkerListeners = {
    "settle:error": ({ refused }) => told.push(`settle:error ${refused.length}`),
    "pool:fatalError": ({ action, jobs }) => told.push(`pool:fatalError ${action} ${jobs.length}`),
    "job:lost": () => told.push("job:lost"),
  };
  return { told, on };
}

test("a thrown value that nobody can read costs only its own job", async () => {
  const { pool } = database;
  const { told, on } = listen();
  const seen: unknown[] = [];
  for (const index of hostileValues.keys()) await addJob(pool, "fail", { payload: { index } });
  await addJobs(pool, "fine", 50, { queue: "q" });
  const handlers = handlersFor({
    fail: ({ index }) => {
      throw hostileValues[Number(index)]?.make();
    },
    fine: () => {},
  });
  const summary = await runOnce({
    pool,
    handlers,
    on: {
      ...on,
      "job:error": ({ error }) => seen.push(error.message, error.name, error.stack),
      "job:complete": ({ error }) => seen.push(error?.message ?? "none"),
    },
  });
  expect(summary).toMatchObject({ completed: 50, failed: hostileValues.length, lost: 0 });
  expect(seen.filter((text) => typeof text !== "string")).toEqual([]);
  expect(told).toEqual([]);
  const errors = (await listJobs(pool)).map(({ last_error }) => last_error ?? "");
  expect(errors).toHaveLength(hostileValues.length);
  expect(errors).not.toContain("");
  expect(await countLocks(pool)).toBe(0);
});

test("among many results a refused one is found, and written in a simpler form", async () => {
  const { pool } = database;
  await refuse(database.pool, "text", "23514");
  const { told, on } = listen();
  await addJobs(pool, "work", 50);
  const handlers = handlersFor({
    work: ({ n }) => {
      if (Number(n) % 2 === 1) throw new Error(n === 7 ? "poison" : `é ${String(n)}`);
    },
  });
  const summary = await runOnce({ pool, handlers, on, concurrency: 50 });
  expect(summary).toMatchObject({ completed: 25, failed: 25, lost: 0 });
  const errors = (await listJobs(pool)).map(({ last_error }) => last_error);
  expect(errors.filter((text) => text?.startsWith("é"))).toHaveLength(24);
  expect(errors).toContain("The error's text can't be stored in this database.");
  // Whole and plain; the bare one is written.
  expect(told).toEqual(["settle:error 1", "settle:error 1"]);
  expect(await countLocks(pool)).toBe(0);
});

test("a result that is refused in every form is given up, and keeps no other waiting", async () => {
  const { pool } = database;
  await refuse(database.pool, "update", "P0001");
  const { told, on } = listen();
  await addJobs(pool, "work", 50);
  const handlers = handlersFor({
    work: ({ n }) => {
      if (n === 7) throw new Error("no");
    },
  });
  const summary = await runOnce({ pool, handlers, on, workerId: "stuck" });
  expect(summary).toMatchObject({ endedBy: "drained", completed: 49, lost: 1 });
  const refusal = "settle:error 1";
  expect(told).toEqual([refusal, refusal, refusal, "pool:fatalError settle 1"]);
  expect(await listJobs(pool)).toMatchObject([{ locked_by: "stuck" }]);
  // A sweep still finds who holds it.
  const { rowCount } = await pool.query(
    "select from graphile_worker._private_workers where id = 'stuck'",
  );
  expect(rowCount).toBe(1);
});

test("a completed job that can't be deleted fails for good and says why", async () => {
  const { pool } = database;
  await refuse(database.pool, "delete", "23503");
  await addJobs(pool, "work", 20);
  const handlers = handlersFor({ work: () => {} });
  const errors: unknown[] = [];
  await runOnce({
    pool,
    handlers,
    on: { "job:complete": ({ error }) => error !== undefined && errors.push(error) },
  });
  expect(errors).toMatchObject([{ code: "RESULT_REFUSED" }]);
  const [job, ...others] = await listJobs(pool);
  expect(others).toEqual([]);
  expect(job).toMatchObject({ attempts: 25, max_attempts: 25, locked_by: null });
  expect(job?.last_error).toContain("refused delete");
});

describe("a settle that fails once for a reason of the moment", () => {
  test("doesn't keep a run from ending", async () => {
    const { pool } = database;
    await refuse(database.pool, "once", "40001");
    await addJob(pool, "work");
    const summary = await runOnce({ pool, handlers: handlersFor({ work: () => {} }) });
    expect(summary).toMatchObject({ endedBy: "drained", completed: 1 });
  });

  test("doesn't make a worker wait for its next poll", async () => {
    const { pool } = database;
    await refuse(database.pool, "once", "40001");
    await addJobs(pool, "work", 3, { queue: "q" });
    const handlers = handlersFor({ work: () => {} });
    await using worker = await startWorker({
      pool,
      handlers,
      listen: false,
      pollIntervalMs: 2 ** 31 - 1,
    });
    await until(async () => (await listJobs(pool)).length === 0);
    await worker.stop();
  });
});

test("a job whose attempts are far below zero fails as any other, and by hand none gets there", async () => {
  const { pool } = database;
  const id = await addJob(pool, "fail");
  await pool.query("update graphile_worker._private_jobs set attempts = -800");
  const handlers = handlersFor({ fail: () => Promise.reject(new Error("no")) });
  await runOnce({ pool, handlers });
  expect(await listJobs(pool)).toMatchObject([{ attempts: -799, last_error: "no" }]);
  const { rows } = await pool.query(
    "select attempts from graphile_worker.reschedule_jobs(array[$1::bigint], attempts => -800)",
    [id],
  );
  expect(rows).toEqual([{ attempts: 0 }]);
});

test("the failed items of a batch stay as they were stored, however deep they are", async () => {
  const { pool } = database;
  const deep = "[".repeat(6000) + "]".repeat(6000);
  const payload = `[1, 12345678901234567890, {"b": 1, "a": 1.00}, ${deep}]`;
  await pool.query("select graphile_worker.add_job('batch', $1::text::json)", [payload]);
  const handlers = handlersFor(
    { batch: () => [null, new Error("no"), new Error("no"), new Error("no")] },
    { batch: {} },
  );
  await runOnce({ pool, handlers });
  const { rows } = await pool.query<{ payload: string; last_error: string }>(
    "select payload::text, last_error from graphile_worker._private_jobs",
  );
  expect(rows[0]?.payload).toBe(`[12345678901234567890,{"b": 1, "a": 1.00},${deep}]`);
});

describe.each(["WIN1252", "LATIN1", "SQL_ASCII"])("in a database in %s", (encoding) => {
  let encoded: TestDatabase;
  beforeAll(async () => {
    encoded = await createQueue(encoding);
  });
  afterAll(() => encoded.drop());

  test("an error's text with characters that it lacks is written in ASCII", async () => {
    const { pool } = encoded;
    await addJobs(pool, "work", 20, { queue: "q%", queues: 20 });
    await pool.query(
      String.raw`select graphile_worker.add_job('batch', '[{"name": "\u2603"}, {"name": "b"}]')`,
    );
    const handlers = handlersFor({
      work: ({ n }) => {
        throw new Error(n === 7 ? "snow \u2603 é" : "plain é");
      },
    });
    const batches = handlersFor({ batch: () => [new Error("\u2603"), null] }, { batch: {} });
    expect(await runOnce({ pool, handlers })).toMatchObject({ failed: 20, lost: 0 });
    expect(await runOnce({ pool, handlers: batches })).toMatchObject({ failed: 1, lost: 0 });
    const errors = (await listJobs(pool)).map(({ last_error }) => last_error);
    const snow = encoding === "SQL_ASCII" ? "snow \u2603 é" : "snow \\u2603 \\u00e9";
    expect(errors.slice(0, 20)).toEqual(
      Array.from({ length: 20 }, (_, n) => (n === 7 ? snow : "plain é")),
    );
    const { rows } = await pool.query<{ payload: unknown }>(
      "select payload from graphile_worker._private_jobs order by id desc limit 1",
    );
    expect(rows).toEqual([{ payload: [{ name: "\u2603" }] }]);
    expect(await countLocks(pool)).toBe(0);
  });
});
