import { afterEach, beforeEach, expect, test } from "vitest";
import { Database } from "../../src/database/database.js";
import { bindQueries } from "../../src/database/queries.js";
import { WorkerEvents } from "../../src/events.js";
import { completed, type Outcome } from "../../src/worker/outcome.js";
import { Settler } from "../../src/worker/settler.js";
import type { TestDatabase } from "../support/database.js";
import { PausePoint } from "../support/pause-point.js";
import { claimJobs } from "./claims.js";
import { addJob, createQueue } from "./support.js";

const queries = bindQueries({ schema: "graphile_worker", preparedStatements: true });
let database: TestDatabase;
let db: Database;
beforeEach(async () => {
  database = await createQueue();
  db = new Database({ pool: database.pool });
});
afterEach(() => database.drop());

async function queueHolder(): Promise<string | null> {
  const { rows } = await database.pool.query<{ locked_by: string | null }>(
    "select locked_by from graphile_worker._private_job_queues",
  );
  expect(rows).toHaveLength(1);
  return rows[0]?.locked_by ?? null;
}

/** Where a claim is about to lock the row of a queue that it saw free. */
const beforeQueueLock =
  /where queues\.id = \w+\.\w+(?=[^()]*\bfor (?:no key )?update skip locked)/gu;

test("a queue that was taken between a claim's look and its lock gives no job", async () => {
  const { pool } = database;
  await addJob(pool, "task", { queue: "q" });
  const theirs = await addJob(pool, "theirs", { queue: "q", priority: 1 });
  const place = await PausePoint.behind(pool, beforeQueueLock);
  const claiming = claimJobs(queries, db);
  await place.reached();
  // As a peer claims the queue's other job. The first one stays free: only the queue tells.
  await pool.query(
    "update graphile_worker._private_job_queues set locked_by = 'other', locked_at = now()",
  );
  await pool.query(
    "update graphile_worker._private_jobs set locked_by = 'other', locked_at = now() where id = $1",
    [theirs],
  );
  await place.release();
  expect(await claiming).toEqual([]);
  expect(await queueHolder()).toBe("other");
});

test("a queue that stays free between a claim's look and its lock gives its job", async () => {
  const { pool } = database;
  const id = await addJob(pool, "task", { queue: "q" });
  const place = await PausePoint.behind(pool, beforeQueueLock);
  const claiming = claimJobs(queries, db);
  await place.reached();
  await place.release();
  expect(await claiming).toMatchObject([{ id }]);
  expect(await queueHolder()).toBe("me");
});

const outcomes: readonly Outcome[] = [
  completed,
  { kind: "failed", error: new Error("no") },
  { kind: "returned" },
];

test.each(outcomes)(
  "a job that is $kind doesn't free a queue that somebody else holds",
  async (outcome) => {
    const { pool } = database;
    await addJob(pool, "task", { queue: "q" });
    const [job] = await claimJobs(queries, db);
    if (job === undefined) throw new Error("A job was added.");
    // The queue was unlocked by hand, and another worker took it.
    await pool.query(
      "update graphile_worker._private_job_queues set locked_by = 'other', locked_at = now()",
    );
    const settler = new Settler({
      queries,
      db,
      workerId: "me",
      events: new WorkerEvents("me", () => {}),
      onSettled: () => {},
    });
    settler.start();
    settler.settle({ job, outcome });
    await settler.stop();
    const { rowCount } = await pool.query(
      "select from graphile_worker._private_jobs where locked_by is not null",
    );
    expect(rowCount).toBe(0);
    expect(await queueHolder()).toBe("other");
  },
);
