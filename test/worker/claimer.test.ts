import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import { Database } from "../../src/database/database.js";
import type { StatementExecutor } from "../../src/database/executor.js";
import { bindQueries } from "../../src/database/queries.js";
import { WorkerEvents } from "../../src/events.js";
import type { ClaimedJob } from "../../src/worker/claimed-job.js";
import { Claimer } from "../../src/worker/claimer.js";
import { Limits } from "../../src/worker/limits.js";
import { Strays } from "../../src/worker/strays.js";
import { TaskIds } from "../../src/worker/task-ids.js";
import type { TestDatabase } from "../support/database.js";
import { addJobs, countLocks, createQueue, Gate, until } from "./support.js";

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
beforeEach(() =>
  database.pool.query(
    "delete from graphile_worker._private_jobs; delete from graphile_worker.taskwright_slots",
  ),
);

interface Options {
  readonly demand: number;
  readonly perWorker?: number;
  readonly pollIntervalMs?: number | undefined;
  /** Runs around each claim's statement. */
  readonly around?: (run: () => Promise<unknown>) => Promise<unknown>;
}

/** A claimer whose demand falls with each job that it delivers. */
function makeClaimer({ perWorker, pollIntervalMs = neverMs, ...options }: Options) {
  const around = options.around ?? ((run) => run());
  const state = { demand: options.demand, rests: 0 };
  const told: string[] = [];
  const jobs: ClaimedJob[] = [];
  const events = new WorkerEvents("me", () => {});
  events.on("worker:getJob:start", ({ maxJobs }) => told.push(`asks ${maxJobs}`));
  events.on("worker:getJob:error", ({ error }) => told.push(error.message));
  const executor: StatementExecutor = {
    query: (text, values) => db.query(text, values),
    execute: (statement) =>
      (statement.name?.includes("claimJobs")
        ? around(() => db.execute(statement))
        : db.execute(statement)) as ReturnType<Database["execute"]>,
  };
  const taskIds = new TaskIds(queries, db, ["task"]);
  const limits = new Map(perWorker === undefined ? [] : [["task", { perWorker }]]);
  const strays = new Strays({ queries, db, workerId: "me", events, held: new Map() });
  const claimer = new Claimer({
    queries,
    db: executor,
    workerId: "me",
    taskIds,
    limits: new Limits({
      limits,
      taskIds,
      concurrency: 100,
      waitMs: 0,
      ahead: () => 0,
      running: () => [],
      waiting: () => [],
      onRoom: () => {},
    }),
    forbiddenFlags: [],
    pollIntervalMs,
    events,
    demand: () => state.demand,
    deliver: (delivered) => {
      jobs.push(...delivered);
      state.demand -= delivered.length;
      told.push(`gets ${delivered.length}`);
    },
    onRest: () => (state.rests += 1),
    strays,
  });
  return { claimer, state, told, jobs, strays, events };
}

/** Resolves when nothing is left to do until something new comes. */
const rests = ({ claimer }: { claimer: Claimer }) => until(() => claimer.isResting);

test("a claim that found all it asked for is followed by another as soon as there is demand", async () => {
  await addJobs(database.pool, "task", 5);
  const it = makeClaimer({ demand: 2 });
  it.claimer.start();
  await until(() => it.jobs.length === 2);
  // It knows of more, but nobody asks.
  expect(it.claimer.isResting).toBe(false);
  it.state.demand = 3;
  it.claimer.onDemand();
  await until(() => it.jobs.length === 5);
  it.state.demand = 4;
  it.claimer.onDemand();
  await rests(it);
  expect(it.told).toEqual(["asks 2", "gets 2", "asks 3", "gets 3", "asks 4", "gets 0"]);
  await it.claimer.stop();
});

test("a claim that found less is followed by none until something new comes", async () => {
  await addJobs(database.pool, "task", 2);
  const it = makeClaimer({ demand: 3 });
  it.claimer.start();
  await rests(it);
  expect(it.state.rests).toBe(1);
  it.claimer.onDemand();
  expect(it.claimer.isResting).toBe(true);
  await addJobs(database.pool, "task", 1);
  it.claimer.wake();
  expect(it.claimer.isResting).toBe(false);
  await until(() => it.jobs.length === 3);
  expect(it.told).toEqual(["asks 3", "gets 2", "asks 1", "gets 1"]);
  await it.claimer.stop();
});

test("without demand a sign is kept until there is some", async () => {
  await addJobs(database.pool, "task", 1);
  const it = makeClaimer({ demand: 0 });
  it.claimer.start();
  it.claimer.wake();
  expect(it.claimer.isResting).toBe(false);
  expect(it.told).toEqual([]);
  it.state.demand = 2;
  it.claimer.onDemand();
  await rests(it);
  expect(it.told).toEqual(["asks 2", "gets 1"]);
  await it.claimer.stop();
});

test("signs that come while a claim is under way count as one", async () => {
  const gate = new Gate();
  let claims = 0;
  const it = makeClaimer({
    demand: 1,
    around: async (run) => {
      claims += 1;
      if (claims === 1) await gate.opened;
      return run();
    },
  });
  it.claimer.start();
  await until(() => claims === 1);
  for (let sign = 0; sign < 3; sign++) it.claimer.wake();
  gate.open();
  await rests(it);
  expect(it.told).toEqual(["asks 1", "gets 0", "asks 1", "gets 0"]);
  expect(it.state.rests).toBe(1);
  await it.claimer.stop();
});

test("a claim that brought a limited task's jobs is followed by another, though it found less", async () => {
  await addJobs(database.pool, "task", 3);
  const it = makeClaimer({ demand: 2, perWorker: 1 });
  it.claimer.start();
  await until(() => it.jobs.length === 2);
  expect(it.told).toEqual(["asks 2", "gets 1", "asks 1", "gets 1"]);
  await it.claimer.stop();
});

test.each([
  ["ECONNRESET", true],
  ["40001", false],
])(
  "a claim that fails with %s is made again; strays are expected: %s",
  async (code, areExpected) => {
    await addJobs(database.pool, "task", 1);
    let claims = 0;
    const it = makeClaimer({
      demand: 2,
      around: (run) => {
        claims += 1;
        return claims > 1 ? run() : Promise.reject(Object.assign(new Error("failed"), { code }));
      },
    });
    it.claimer.start();
    await rests(it);
    expect(it.told).toEqual(["asks 2", "failed", "asks 2", "gets 1"]);
    expect(it.strays.areExpected).toBe(areExpected);
    await it.claimer.stop();
  },
);

test("each failure in a row waits longer, up to ten seconds, and a success begins anew", async () => {
  const waits: number[] = [];
  let failures = 0;
  const it = makeClaimer({
    demand: 1,
    around: (run) =>
      failures++ === 2 ? run() : Promise.reject(Object.assign(new Error("no"), { code: "40001" })),
  });
  it.events.on("worker:getJob:error", ({ retryInMs }) => waits.push(retryInMs));
  it.claimer.start();
  await rests(it);
  it.claimer.wake();
  await until(() => waits.length === 3);
  await it.claimer.stop();
  const [first = 0, second = 0, third = 0] = waits;
  expect(first).toBeGreaterThanOrEqual(50);
  expect(first).toBeLessThanOrEqual(100);
  expect(second).toBeGreaterThanOrEqual(100);
  expect(second).toBeLessThanOrEqual(200);
  expect(third).toBeLessThanOrEqual(100);
});

test("polls claim without any other sign, and none comes after the stop", async () => {
  const it = makeClaimer({ demand: 1, pollIntervalMs: 1 });
  it.claimer.start();
  await until(() => it.told.length >= 6);
  await it.claimer.stop();
  const { length } = it.told;
  it.claimer.wake();
  it.claimer.onDemand();
  await new Promise((resolve) => setImmediate(resolve));
  expect(it.told).toHaveLength(length);
});

test("a stop waits for the claim under way, whose jobs are delivered", async () => {
  await addJobs(database.pool, "task", 2);
  const gate = new Gate();
  let claims = 0;
  const it = makeClaimer({
    demand: 2,
    around: async (run) => {
      claims += 1;
      await gate.opened;
      return run();
    },
  });
  it.claimer.start();
  await until(() => claims === 1);
  const stopping = it.claimer.stop();
  gate.open();
  await stopping;
  expect(it.jobs).toHaveLength(2);
  expect(await countLocks(database.pool)).toBe(2);
});
