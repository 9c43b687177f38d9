import { afterAll, afterEach, beforeAll, beforeEach, expect, test, vi } from "vitest";
import { Database } from "../../src/database/database.js";
import { bindQueries } from "../../src/database/queries.js";
import { WorkerEvents } from "../../src/events.js";
import { Strays } from "../../src/worker/strays.js";
import type { TestDatabase } from "../support/database.js";
import { claimJobs } from "./claims.js";
import { addJob, countLocks, createQueue, listJobs } from "./support.js";

const queries = bindQueries({ schema: "graphile_worker", preparedStatements: true });
let database: TestDatabase;
let db: Database;
beforeAll(async () => {
  database = await createQueue();
  db = new Database({ pool: database.pool });
});
afterAll(() => database.drop());
beforeEach(async () => {
  await database.pool.query("delete from graphile_worker._private_jobs");
  // Only the clock that the looks go by.
  vi.useFakeTimers({ toFake: ["performance"] });
});
afterEach(() => {
  vi.useRealTimers();
});

function makeStrays(held: { has(id: string): boolean } = new Map()): Strays {
  const events = new WorkerEvents("me", () => {});
  return new Strays({ queries, db, workerId: "me", events, held });
}

/** Leaves a job locked by this worker, as a claim does whose answer was lost. Returns its id. */
async function loseClaim(): Promise<string> {
  await addJob(database.pool, "task");
  const [job] = await claimJobs(queries, db);
  return job?.id ?? "";
}

/** Whether a look that is due now gives a stray back. */
async function looks(strays: Strays): Promise<boolean> {
  await loseClaim();
  await strays.returnDue();
  const isReturned = (await countLocks(database.pool)) === 0;
  await database.pool.query("delete from graphile_worker._private_jobs");
  return isReturned;
}

test("without a lost answer nothing is looked for", async () => {
  const strays = makeStrays();
  strays.start();
  expect(strays.areExpected).toBe(false);
  expect(await looks(strays)).toBe(false);
  await loseClaim();
  await strays.stop();
  expect(await countLocks(database.pool)).toBe(1);
});

test("after a lost answer it looks at once, and then less and less often for a minute", async () => {
  const strays = makeStrays();
  strays.start();
  strays.expect();
  const seen: string[] = [];
  let nowMs = 0;
  for (const atMs of [0, 1, 999, 1000, 1001, 4999, 5000, 19_999, 20_000, 59_999, 60_000, 60_001]) {
    vi.advanceTimersByTime(atMs - nowMs);
    nowMs = atMs;
    seen.push(`${atMs} ${(await looks(strays)) ? "looks" : "rests"}, ${strays.areExpected}`);
  }
  expect(seen).toEqual([
    "0 looks, true",
    "1 rests, true",
    "999 rests, true",
    "1000 looks, true",
    "1001 rests, true",
    "4999 rests, true",
    "5000 looks, true",
    "19999 rests, true",
    "20000 looks, true",
    "59999 rests, true",
    "60000 looks, false",
    "60001 rests, false",
  ]);
});

test("a second lost answer begins the looks anew", async () => {
  const strays = makeStrays();
  strays.start();
  strays.expect();
  vi.advanceTimersByTime(60_000);
  await strays.returnDue();
  expect(strays.areExpected).toBe(false);
  strays.expect();
  expect(strays.areExpected).toBe(true);
  expect(await looks(strays)).toBe(true);
});

test("jobs that the worker knows of, and those of others, are not strays", async () => {
  const held = await loseClaim();
  const stray = await loseClaim();
  await addJob(database.pool, "task");
  await claimJobs(queries, db, { workerId: "other" });
  const strays = makeStrays(new Map([[held, true]]));
  expect(await strays.returnOnce()).toEqual({ returned: 1, locked: 0 });
  const jobs = await listJobs(database.pool);
  expect(jobs.map(({ locked_by }) => locked_by)).toEqual(["me", null, "other"]);
  expect(jobs.find(({ id }) => id === stray)).toMatchObject({ attempts: 0 });
});

test("a stray that a transaction has locked is looked for again, whatever the time", async () => {
  const id = await loseClaim();
  const other = await database.pool.connect();
  const strays = makeStrays();
  strays.start();
  strays.expect();
  try {
    await other.query("begin");
    await other.query("select from graphile_worker._private_jobs where id = $1 for update", [id]);
    expect(await strays.returnOnce()).toEqual({ returned: 0, locked: 1 });
    await strays.returnDue();
  } finally {
    await other.query("rollback");
    other.release();
  }
  expect(await countLocks(database.pool)).toBe(1);
  await strays.returnDue();
  expect(await countLocks(database.pool)).toBe(0);
});

test("a stop looks for the last time when an answer was lost", async () => {
  const strays = makeStrays();
  strays.start();
  strays.expect();
  await loseClaim();
  await strays.stop();
  expect(await countLocks(database.pool)).toBe(0);
});
