import { setTimeout as delay } from "node:timers/promises";
import { Pool } from "pg";
import { afterAll, beforeAll, expect, test } from "vitest";
import { startWorker, type HandlerSet } from "../../src/index.js";
import { createDatabase, type TestDatabase } from "../support/database.js";
import { RunLog } from "../support/run-log.js";
import { addJobs, createQueue, handlersFor, until } from "./support.js";

let database: TestDatabase;
let logDatabase: TestDatabase;
let log: RunLog;
beforeAll(async () => {
  database = await createQueue();
  logDatabase = await createDatabase();
  log = await RunLog.open(logDatabase.connectionString);
});
afterAll(async () => {
  await log.close();
  await Promise.all([database.drop(), logDatabase.drop()]);
});

function handlersOf(worker: string): HandlerSet<undefined> {
  return handlersFor({
    work: (_payload, ctx) =>
      log.record(ctx.job, worker, async () => {
        await ctx.db.query("select pg_sleep(0.002)", []);
        await ctx.withTransaction((tx) => tx.query("select pg_sleep(0.002)", []));
      }),
  });
}

/** Cuts every connection to the jobs' database, the test's own included, and makes retries due. */
async function terminateAll(): Promise<number> {
  const name = new URL(database.connectionString).pathname.slice(1);
  const { rows } = await logDatabase.pool.query(
    "select pg_terminate_backend(pid) from pg_stat_activity where datname = $1",
    [name],
  );
  return rows.length;
}

/** Retries wait seconds, which the test has no need to. */
async function makeDue(): Promise<void> {
  await database.pool.query(
    "update graphile_worker._private_jobs set run_at = now() where locked_by is null and run_at > now()",
  );
}

test("workers whose every connection is cut again and again lose no job and no lock", async () => {
  const { connectionString, pool } = database;
  const jobs = 400;
  await addJobs(pool, "work", jobs / 2);
  await addJobs(pool, "work", jobs / 2, { queue: "queue-%", queues: 10 });
  // One with connections of its own, one with a pool of the user's that nobody else listens to.
  const userPool = new Pool({ connectionString, max: 9 });
  const workers = await Promise.all([
    startWorker({ connectionString, handlers: handlersOf("first"), concurrency: 5 }),
    startWorker({ pool: userPool, handlers: handlersOf("second"), concurrency: 5 }),
  ]);
  let terminated = 0;
  await until(async () => {
    await makeDue().catch(() => {});
    terminated += await terminateAll();
    await delay(150);
    return terminated > 150 || (await log.countCompleted()) === jobs;
  });
  await until(async () => {
    await makeDue().catch(() => {});
    return (await log.countCompleted()) === jobs;
  });
  await Promise.all(workers.map((worker) => worker.stop()));
  await userPool.end();
  expect(terminated).toBeGreaterThan(20);
  expect(await log.workers()).toEqual(["first", "second"]);
  await log.assertSound(jobs, connectionString);
});
