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
import { eventually } from "../support/wait.js";
import { addJobs, countLocks, createQueue, listJobs } from "./support.js";

let database: TestDatabase;
beforeAll(async () => {
  database = await createQueue();
});
beforeEach(() =>
  database.pool.query(
    "delete from graphile_worker._private_jobs; delete from graphile_worker._private_job_queues",
  ),
);
afterAll(() => database.drop());

test("jobs whose claim's answer was lost are given back and claimed again, as the same attempt", async () => {
  await addJobs(database.pool, "task", 5, { queue: "q%", queues: 5 });
  const queries = bindQueries({ schema: "graphile_worker", preparedStatements: true });
  const db = new Database({ pool: database.pool });
  const events = new WorkerEvents("me", () => {});
  const held = new Map<string, ClaimedJob>();
  let lostAnswers = 0;
  const cutOff: StatementExecutor = {
    query: (text, values) => db.query(text, values),
    execute: async (statement) => {
      const answer = await db.execute(statement);
      if (!statement.name?.includes("claimJobs") || lostAnswers > 0) return answer;
      lostAnswers += 1;
      expect(await countLocks(database.pool)).toBe(10);
      throw Object.assign(new Error("cut off"), { code: "ECONNRESET" });
    },
  };
  const taskIds = new TaskIds(queries, db, ["task"]);
  const claimer = new Claimer({
    queries,
    db: cutOff,
    workerId: "me",
    taskIds,
    limits: new Limits({
      limits: new Map(),
      taskIds,
      concurrency: 10,
      waitMs: 0,
      ahead: () => 0,
      running: () => held.values(),
      waiting: () => [],
      onRoom: () => {},
    }),
    forbiddenFlags: [],
    pollIntervalMs: 600_000,
    events,
    demand: () => 10 - held.size,
    deliver: (jobs) => {
      for (const job of jobs) held.set(job.id, job);
    },
    strays: new Strays({ queries, db, workerId: "me", events, held }),
  });
  claimer.start();
  await eventually(() => held.size === 5);
  await claimer.stop();
  expect(lostAnswers).toBe(1);
  const jobs = await listJobs(database.pool);
  expect(jobs.map(({ attempts }) => attempts)).toEqual([1, 1, 1, 1, 1]);
});

test("a stray that a transaction has locked keeps nothing else waiting, and is given back after it", async () => {
  await addJobs(database.pool, "task", 3);
  await database.pool.query(
    "update graphile_worker._private_jobs set locked_by = 'me', locked_at = now(), attempts = 1",
  );
  const queries = bindQueries({ schema: "graphile_worker", preparedStatements: true });
  const db = new Database({ pool: database.pool });
  const events = new WorkerEvents("me", () => {});
  const strays = new Strays({ queries, db, workerId: "me", events, held: new Map() });
  strays.start();
  strays.expect();
  const other = await database.pool.connect();
  try {
    await other.query("begin");
    await other.query(
      "select from graphile_worker._private_jobs where id = (select min(id) from graphile_worker._private_jobs) for update",
    );
    await strays.returnDue();
    expect(await countLocks(database.pool)).toBe(1);
    const stopping = strays.stop();
    await other.query("commit");
    await stopping;
    expect(await countLocks(database.pool)).toBe(0);
  } finally {
    other.release();
  }
});

test("a stray that the database refuses to free keeps neither the others nor the claims waiting", async () => {
  const { pool } = database;
  await addJobs(pool, "task", 3);
  await pool.query(
    "update graphile_worker._private_jobs set locked_by = 'me', locked_at = now(), attempts = 1",
  );
  const [first] = await listJobs(pool);
  await pool.query(
    `create function refuse() returns trigger language plpgsql set search_path = public as $$
    begin raise exception 'refused' using errcode = '23514'; end $$;
    create trigger refuse before update on graphile_worker._private_jobs
    for each row when (old.id = ${first?.id}) execute function refuse()`,
  );
  const queries = bindQueries({ schema: "graphile_worker", preparedStatements: true });
  const db = new Database({ pool });
  const events = new WorkerEvents("me", () => {});
  const left: string[] = [];
  events.on("pool:fatalError", ({ error }) => left.push(error.message));
  const strays = new Strays({ queries, db, workerId: "me", events, held: new Map() });
  strays.start();
  strays.expect();
  try {
    expect(await strays.returnOnce()).toEqual({ returned: 2, locked: 0 });
    expect(await strays.returnOnce()).toEqual({ returned: 0, locked: 0 });
    await strays.stop();
    expect(left).toEqual(["refused"]);
    expect(strays.areExpected).toBe(true);
    expect(await countLocks(pool)).toBe(1);
  } finally {
    await pool.query("drop function refuse() cascade");
  }
});
