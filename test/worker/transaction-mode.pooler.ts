import { Pool } from "pg";
import { afterAll, beforeAll, expect, test } from "vitest";
import { bindClient } from "../../src/client/client.js";
import { Database } from "../../src/database/database.js";
import {
  defineTask,
  migrate,
  silentLogger,
  startWorker,
  type HandlerSet,
  type StartOptions,
} from "../../src/index.js";
import { createDatabase, type TestDatabase } from "../support/database.js";
import { Pgbouncer } from "../support/pgbouncer.js";
import { RunLog } from "../support/run-log.js";
import { addJobs, handlersFor, listJobs, until } from "./support.js";

const poolSize = 5;
let database: TestDatabase;
let logDatabase: TestDatabase;
let log: RunLog;
let pgbouncer: Pgbouncer;
/** The jobs' database by way of the pooler. */
let pooled: string;
beforeAll(async () => {
  [database, logDatabase] = await Promise.all([createDatabase(), createDatabase()]);
  log = await RunLog.open(logDatabase.connectionString);
  pgbouncer = await Pgbouncer.before(database.connectionString, poolSize);
  pooled = pgbouncer.through(database.connectionString);
});
afterAll(async () => {
  await pgbouncer.stop();
  await log.close();
  await Promise.all([database.drop(), logDatabase.drop()]);
});

function handlersOf(worker: string): HandlerSet<undefined> {
  return handlersFor({
    work: (_payload, ctx) =>
      log.record(ctx.job, worker, () =>
        ctx.withTransaction((tx) => tx.query("select pg_sleep($1)", [0.002])),
      ),
  });
}

const work = defineTask<object, object>({
  identifier: "work",
  schema: "graphile_worker",
  validator: () => true,
});

/** What a worker needs to be told behind a pooler in transaction mode. */
const forPoolers = { listen: false, preparedStatements: false, pollIntervalMs: 50 } as const;

test("a schema is migrated through the pooler", async () => {
  expect(await migrate({ connectionString: pooled })).toMatchObject({ migrated: true });
  expect(await migrate({ connectionString: pooled })).toMatchObject({ migrated: false });
});

test("workers whose connections outnumber the pooler's lose no job and no lock", async () => {
  const jobs = 400;
  const pool = new Pool({ connectionString: pooled, max: 10 });
  const workers = await Promise.all(
    [
      { name: "own", source: { connectionString: pooled } },
      { name: "given", source: { pool } },
    ].map(({ name, source }) => {
      const options: StartOptions<undefined> = {
        ...source,
        ...forPoolers,
        handlers: handlersOf(name),
        concurrency: 8,
      };
      return startWorker(options);
    }),
  );
  await addJobs(database.pool, "work", jobs / 2, { queue: "queue-%", queues: 10 });
  await addJobs(database.pool, "work", jobs / 2);
  await until(async () => (await listJobs(database.pool)).length === 0);
  await Promise.all(workers.map((worker) => worker.stop()));
  await pool.end();
  expect(await log.workers()).toEqual(["given", "own"]);
  await log.assertSound(jobs, database.connectionString);
});

test("a restart of the pooler's server connections under load loses no job", async () => {
  const before = await log.countCompleted();
  const jobs = 200;
  await addJobs(database.pool, "work", jobs, { queue: "again-%", queues: 20 });
  const worker = await startWorker({
    connectionString: pooled,
    ...forPoolers,
    handlers: handlersOf("restarted"),
  });
  const name = new URL(database.connectionString).pathname.slice(1);
  await until(async () => (await log.countCompleted()) > before + 20);
  await logDatabase.pool.query(
    "select pg_terminate_backend(pid) from pg_stat_activity where datname = $1",
    [name],
  );
  await until(async () => {
    await database.pool
      .query("update graphile_worker._private_jobs set run_at = now() where locked_by is null")
      .catch(() => {});
    return (await log.countCompleted()) === before + jobs;
  });
  await worker.stop();
  await log.assertSound(before + jobs, database.connectionString);
});

test("a worker and a client with default options go on, and say what to set", async () => {
  const before = await log.countCompleted();
  const jobs = 200;
  const warnings: string[] = [];
  const lost: string[] = [];
  let isListening = false;
  const worker = await startWorker({
    connectionString: pooled,
    handlers: handlersOf("default"),
    pollIntervalMs: 50,
    logger: { ...silentLogger, warn: (message) => void warnings.push(message) },
    on: {
      "pool:prepared:lost": ({ error }) => void lost.push(error.message),
      "pool:listen:success": () => void (isListening = true),
      "pool:listen:release": () => void (isListening = false),
    },
  });
  const client = bindClient({ work }, {}, { connectionString: pooled });
  const add = () => client.add("work", {});
  await Promise.all(Array.from({ length: jobs }, add));
  await until(async () => (await log.countCompleted()) === before + jobs);
  await until(() => lost.length > 0 && !isListening);
  expect(lost).toEqual([expect.stringMatching(/prepared statement/u)]);
  expect(warnings.filter((message) => message.includes("preparedStatements"))).toHaveLength(1);
  await add();
  await until(async () => (await log.countCompleted()) === before + jobs + 1);
  await Promise.all([client.end(), worker.stop()]);
  expect(await listJobs(database.pool)).toEqual([]);
});

test("a transaction that loses a prepared statement says so, and the next one works", async () => {
  const db = new Database({ connectionString: pooled, maxPoolSize: 2 * poolSize });
  const statement = { name: "taskwright_test", text: "select pg_sleep(0.01)", values: [] };
  const run = () => db.withTransaction((tx) => tx.execute(statement));
  const results = await Promise.allSettled(Array.from({ length: 4 * poolSize }, run));
  const failures = results.flatMap((result) =>
    result.status === "rejected" ? [result.reason as unknown] : [],
  );
  expect(failures.length).toBeGreaterThan(0);
  for (const failure of failures) {
    expect(failure).toMatchObject({ code: "PREPARED_STATEMENT_LOST" });
  }
  expect(db.preparedStatements).toBe(false);
  await Promise.all(Array.from({ length: 4 * poolSize }, run));
  await db.end();
});
