import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import { Database } from "../../src/database/database.js";
import { bindQueries } from "../../src/database/queries.js";
import { WorkerEvents } from "../../src/events.js";
import type { ClaimedJob } from "../../src/worker/claimed-job.js";
import { LockWatch } from "../../src/worker/lock-watch.js";
import type { TestDatabase } from "../support/database.js";
import { claimJobs } from "./claims.js";
import { addJob, createQueue } from "./support.js";

/** So long that no test that passes has waited for it. */
const neverMs = 600_000;
const queries = bindQueries({ schema: "graphile_worker", preparedStatements: true });
let database: TestDatabase;
let db: Database;
beforeAll(async () => {
  database = await createQueue();
  db = new Database({ pool: database.pool });
});
afterAll(() => database.drop());
beforeEach(() => database.pool.query("delete from graphile_worker._private_jobs"));

/** A watch over keyed jobs that were claimed just now. */
async function watch(...keys: string[]) {
  for (const key of keys) await addJob(database.pool, "task", { key });
  const jobs = await claimJobs(queries, db);
  const told: string[] = [];
  const nameAll = (what: string, them: readonly ClaimedJob[]) =>
    told.push(...them.map(({ key }) => `${what} ${key}`));
  const lockWatch = new LockWatch({
    queries,
    db,
    workerId: "me",
    events: new WorkerEvents("me", () => {}),
    intervalMs: neverMs,
    running: () => jobs,
    onLost: (them) => nameAll("lost", them),
    onRemoved: (them) => nameAll("removed", them),
  });
  return { lockWatch, told };
}

const unlock = () =>
  database.pool.query(
    "update graphile_worker._private_jobs set locked_by = null, locked_at = null",
  );

test("a look in a hurry asks about jobs that were claimed just now", async () => {
  const { lockWatch, told } = await watch("a");
  await unlock();
  lockWatch.start();
  lockWatch.hurry();
  // The stop waits for the look.
  await lockWatch.stop();
  expect(told).toEqual(["lost a"]);
});

test("an ordinary look asks about no job that is younger than an interval", async () => {
  const { lockWatch, told } = await watch("a");
  await unlock();
  expect(await lockWatch.checkOnce()).toBe(0);
  expect(told).toEqual([]);
  expect(await lockWatch.checkOnce(0)).toBe(1);
  expect(told).toEqual(["lost a"]);
});

test("a hurry before the start and after the stop looks at nothing", async () => {
  const { lockWatch, told } = await watch("a");
  await unlock();
  lockWatch.hurry();
  await lockWatch.stop();
  lockWatch.hurry();
  await lockWatch.stop();
  expect(told).toEqual([]);
});

test("a removed job is told from a replaced one and from one that is only held", async () => {
  const { lockWatch, told } = await watch("removed", "replaced", "deduplicated", "held");
  await database.pool.query("select graphile_worker.remove_job('removed')");
  await addJob(database.pool, "task", { key: "replaced" });
  await addJob(database.pool, "task", { key: "deduplicated", keyMode: "unsafe_dedupe" });
  expect(await lockWatch.checkOnce(0)).toBe(0);
  expect(told).toEqual(["removed removed"]);
});

test("a lock of a later claim of the same worker is not this claim's", async () => {
  const { lockWatch, told } = await watch("a");
  await database.pool.query(
    "update graphile_worker._private_jobs set locked_at = locked_at + interval '1 second'",
  );
  expect(await lockWatch.checkOnce(0)).toBe(1);
  expect(told).toEqual(["lost a"]);
});
