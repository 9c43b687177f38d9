import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import { runOnce, startWorker, type ForbiddenFlags } from "../../src/index.js";
import type { TestDatabase } from "../support/database.js";
import { addJob, createQueue, handlersFor, listJobs, until } from "./support.js";

let database: TestDatabase;
beforeAll(async () => {
  database = await createQueue();
});
afterAll(() => database.drop());
afterEach(() => database.pool.query("delete from graphile_worker._private_jobs"));

async function addFlagged(): Promise<void> {
  const { pool } = database;
  await addJob(pool, "note", { payload: { n: "slow" }, flags: ["slow"] });
  await addJob(pool, "note", { payload: { n: "both" }, flags: ["big", "slow"], queue: "q" });
  await addJob(pool, "note", { payload: { n: "big" }, flags: ["big"], queue: "q" });
  await addJob(pool, "note", { payload: { n: "none" } });
}

test.each<[string, ForbiddenFlags]>([
  ["a list", ["slow", "red"]],
  ["a function", () => ["slow", "red"]],
  ["an async function", async () => ["slow", "red"]],
])("jobs with a forbidden flag are left alone, given %s", async (_kind, forbiddenFlags) => {
  const { connectionString, pool } = database;
  await addFlagged();
  const seen: unknown[] = [];
  const handlers = handlersFor({ note: ({ n }) => void seen.push(n) });
  await runOnce({ connectionString, handlers, forbiddenFlags });
  expect(new Set(seen)).toEqual(new Set(["big", "none"]));
  expect(await listJobs(pool)).toMatchObject([{ attempts: 0 }, { attempts: 0 }]);
});

test("a function is asked before each claim", async () => {
  const { connectionString, pool } = database;
  let forbidden = ["slow"];
  const seen: unknown[] = [];
  const handlers = handlersFor({ note: ({ n }) => void seen.push(n) });
  await addJob(pool, "note", { payload: { n: 1 }, flags: ["slow"] });
  await using worker = await startWorker({
    connectionString,
    handlers,
    forbiddenFlags: () => forbidden,
    pollIntervalMs: 600_000,
  });
  await addJob(pool, "note", { payload: { n: 2 } });
  await until(() => seen.length === 1);
  expect(seen).toEqual([2]);
  forbidden = [];
  await addJob(pool, "note", { payload: { n: 3 } });
  await until(() => seen.length === 3);
  expect(seen).toEqual([2, 1, 3]);
  await worker.stop();
});

test("a function that throws is told of and asked again; nothing is claimed meanwhile", async () => {
  const { connectionString, pool } = database;
  const errors: string[] = [];
  let asked = 0;
  let runs = 0;
  await addJob(pool, "note");
  await using worker = await startWorker({
    connectionString,
    handlers: handlersFor({ note: () => void (runs += 1) }),
    pollIntervalMs: 600_000,
    on: { "worker:getJob:error": ({ error }) => void errors.push(error.message) },
    forbiddenFlags: async () => {
      asked += 1;
      if (asked < 3) throw new Error(`no flags ${asked}`);
      expect(runs).toBe(0);
      return [];
    },
  });
  await until(async () => (await listJobs(pool)).length === 0);
  expect(errors).toEqual(["no flags 1", "no flags 2"]);
  expect(runs).toBe(1);
  await worker.stop();
});

test.each<[string, unknown]>([
  ["a string", "slow"],
  ["null", null],
  ["nothing", undefined],
  ["numbers", [1]],
])("a function that gives %s is told of; nothing is claimed meanwhile", async (_kind, flags) => {
  const { connectionString, pool } = database;
  await addFlagged();
  const handlers = handlersFor({ note: () => {} });
  const run = runOnce({ connectionString, handlers, forbiddenFlags: () => flags as never });
  await expect(run).rejects.toMatchObject({ code: "OPTION_INVALID" });
  expect(await listJobs(pool)).toHaveLength(4);
});
