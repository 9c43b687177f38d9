import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { runOnce, startWorker } from "../../src/index.js";
import type { TestDatabase } from "../support/database.js";
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

const handlers = handlersFor({ work: () => {} });
let database: TestDatabase;
beforeAll(async () => {
  database = await createQueue();
  await installRefusals(database.pool);
});
afterAll(() => database.drop());
beforeEach(() => database.pool.query("delete from graphile_worker._private_jobs"));
afterEach(() => refuseNothing(database.pool));

test.each(["42501", "42P01", "55000"])(
  "a completed job whose trigger fails with %s fails for good once others are written",
  async (state) => {
    const { pool } = database;
    await refuse(pool, "delete", state);
    await addJobs(pool, "work", 30);
    const summary = await runOnce({ pool, handlers, concurrency: 10 });
    expect(summary).toMatchObject({ endedBy: "drained", completed: 29, failed: 1, lost: 0 });
    const [job, ...others] = await listJobs(pool);
    expect(others).toEqual([]);
    expect(job).toMatchObject({ attempts: 25, locked_by: null });
    expect(job?.last_error).toContain("refused delete");
  },
);

describe.each(["40001", "53100", "55P03", "57014"])(
  "a result that fails again and again with %s, which may pass",
  (state) => {
    test("holds up no other, and is written in the end", async () => {
      const { pool } = database;
      await refuse(pool, "delete", state);
      await addJobs(pool, "work", 30);
      let completed = 0;
      const on = { "job:complete": () => void (completed += 1) };
      const run = runOnce({ pool, handlers, on, concurrency: 10 });
      await until(() => completed === 29);
      expect(await listJobs(pool)).toMatchObject([{ attempts: 1 }]);
      await refuseNothing(pool);
      expect(await run).toMatchObject({ endedBy: "drained", completed: 30, failed: 0, lost: 0 });
      expect(await countLocks(pool)).toBe(0);
    });

    test("doesn't keep the worker from claiming, though no other result is there", async () => {
      const { pool } = database;
      await refuse(pool, "delete", state);
      const told: string[] = [];
      await addJob(pool, "work", { payload: { n: 7 } });
      await using worker = await startWorker({
        pool,
        handlers,
        on: {
          "settle:error": () => void told.push("error"),
          "job:complete": () => void told.push("done"),
        },
      });
      await until(() => told.length > 2);
      await addJobs(pool, "work", 5);
      await until(() => told.filter((name) => name === "done").length === 5);
      await refuseNothing(pool);
      await worker.stop();
      expect(await listJobs(pool)).toEqual([]);
    });
  },
);

test("a stop gives up a result that stands aside, and says so", async () => {
  const { pool } = database;
  await refuse(pool, "delete", "40001");
  const told: string[] = [];
  await addJobs(pool, "work", 10);
  await using worker = await startWorker({
    pool,
    handlers,
    settleTimeoutMs: 1,
    on: {
      "pool:fatalError": ({ action, jobs }) => void told.push(`${action} ${jobs.length}`),
      "job:complete": () => void told.push("done"),
    },
  });
  await until(() => told.length === 9);
  await worker.stop();
  expect(told.slice(9)).toEqual(["settle 1"]);
  expect(await countLocks(pool)).toBe(1);
});
