import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import { Database } from "../../src/database/database.js";
import { bindQueries } from "../../src/database/queries.js";
import { WorkerEvents } from "../../src/events.js";
import { Moment } from "../../src/services/moment.js";
import { Buffer } from "../../src/worker/buffer.js";
import { ClaimedJob, type ClaimedRow } from "../../src/worker/claimed-job.js";
import { StartGate } from "../../src/worker/start-gate.js";
import type { TestDatabase } from "../support/database.js";
import { addJobs, createQueue, until } from "./support.js";

const queries = bindQueries({ schema: "graphile_worker", preparedStatements: true });
let database: TestDatabase;
let db: Database;
beforeAll(async () => {
  database = await createQueue();
  db = new Database({ pool: database.pool });
  await addJobs(database.pool, "task", 3);
});
afterAll(() => database.drop());
beforeEach(() =>
  database.pool.query(
    "update graphile_worker._private_jobs set locked_by = null, locked_at = null, attempts = 0",
  ),
);

/** A gate before a runner with a slot for each job, and what passed through it. */
async function openGate() {
  const [task] = await queries.findTasks(db, { identifiers: ["task"] });
  const rows = await queries.claimJobs(db, {
    workerId: "me",
    taskIds: [task?.id ?? 0],
    forbiddenFlags: [],
    maxJobs: 3,
    afterQueue: 0,
  });
  const seen = {
    isFresh: true,
    checks: 0,
    starting: new Set<ClaimedJob>(),
    begun: [] as ClaimedJob[],
    givenBack: [] as ClaimedJob[],
  };
  const giveBack = (jobs: readonly ClaimedJob[]) => void seen.givenBack.push(...jobs);
  const buffer = new Buffer({ timeoutMs: 600_000, giveBack });
  buffer.add(rows.map((row) => new ClaimedJob(row as ClaimedRow, "task", "me")));
  const gate = new StartGate({
    queries,
    db,
    workerId: "me",
    events: new WorkerEvents("me", () => {}),
    liveness: { isFresh: () => seen.isFresh, check: () => void (seen.checks += 1) },
    buffer,
    admission: () => () => true,
    runner: () => ({
      runs: () => [],
      fill: () => {},
      begin: (jobs) => void seen.begun.push(...jobs),
      withdraw: (isMeant) => {
        const jobs = [...seen.starting].filter(isMeant);
        for (const job of jobs) seen.starting.delete(job);
        return jobs;
      },
    }),
    giveBack,
    lose: () => {},
    onOpen: () => {},
  });
  gate.start();
  return { gate, seen };
}

test("a worker that may have been declared dead starts nothing that it claimed before", async () => {
  const { gate, seen } = await openGate();
  expect(gate.isOpen).toBe(true);
  expect(gate.next(new Moment())).toBeDefined();
  seen.isFresh = false;
  expect(gate.isOpen).toBe(false);
  expect(gate.next(new Moment())).toBeUndefined();
  expect(seen.givenBack).toHaveLength(2);
  expect(seen.checks).toBe(1);
  await gate.stop();
});

test("a mark whose answer comes after too long a silence starts nothing", async () => {
  const { gate, seen } = await openGate();
  const job = gate.next(new Moment()) ?? expect.fail("A job was claimed.");
  expect(gate.mustWait(job)).toBe(true);
  seen.starting.add(job);
  // As a process that is suspended between the statement and its answer.
  seen.isFresh = false;
  await until(() => seen.givenBack.length === 3);
  expect(seen.begun).toEqual([]);
  expect(seen.checks).toBe(1);
  await gate.stop();
});

test("a mark whose answer comes in time lets its job start", async () => {
  const { gate, seen } = await openGate();
  const job = gate.next(new Moment()) ?? expect.fail("A job was claimed.");
  expect(gate.mustWait(job)).toBe(true);
  seen.starting.add(job);
  await until(() => seen.begun.length === 1);
  expect(seen.begun).toEqual([job]);
  await gate.stop();
});
