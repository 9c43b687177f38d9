import * as fc from "fast-check";
import { afterAll, beforeAll, test } from "vitest";
import { Database } from "../../src/database/database.js";
import { bindQueries } from "../../src/database/queries.js";
import { insertJobs } from "../../src/jobs/insert.js";
import { migrate } from "../../src/migrate/index.js";
import { createDatabase, type TestDatabase } from "../support/database.js";
import { Play } from "./play.js";
import { queues, steps, tasks } from "./steps.js";

/** `MODEL_RUNS=2000 MODEL_SEED=7` looks further; with `MODEL_SHRINK=1` a failure is made small, which takes minutes. */
const numRuns = Number(process.env["MODEL_RUNS"] ?? 60);
const seed = Number(process.env["MODEL_SEED"] ?? 20_261_126);

const queries = bindQueries({ schema: "graphile_worker", preparedStatements: true });
let database: TestDatabase;
let db: Database;
beforeAll(async () => {
  database = await createDatabase();
  // A step that waits for the open transaction is a fault of the test's, and would wait forever.
  await database.pool.query(
    `do $$ begin execute format('alter database %I set lock_timeout = %L', current_database(), '5s'); end $$`,
  );
  await migrate({ pool: database.pool });
  db = new Database({ pool: database.pool });
  // Tasks and queues are there before, so that no statement waits for a transaction that adds one.
  await insertJobs(
    queries,
    db,
    tasks.flatMap((identifier) =>
      queues.map((queueName) => ({ identifier, payload: "{}", spec: { queueName } })),
    ),
  );
});
afterAll(() => database.drop());

/** All that a run leaves behind, but for tasks and queues. */
const clear = () =>
  database.pool.query(`
    delete from graphile_worker._private_jobs;
    delete from graphile_worker._private_workers;
    delete from graphile_worker.taskwright_pauses;
    update graphile_worker._private_job_queues set locked_at = null, locked_by = null
    where locked_at is not null`);

test(
  `whatever two workers, producers and operators do in turn, the queue is what the contract says (${numRuns} runs, seed ${seed})`,
  async () => {
    await fc.assert(
      fc.asyncProperty(steps, async (sequence) => {
        await clear();
        const play = new Play(database.pool, db, queries);
        await play.start();
        try {
          for (const step of sequence) await play.run(step);
        } finally {
          await play.end();
        }
      }),
      { numRuns, seed, endOnFailure: process.env["MODEL_SHRINK"] === undefined },
    );
  },
  numRuns * 10_000,
);
