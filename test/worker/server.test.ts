import { afterAll, beforeAll, expect, test } from "vitest";
import { Client } from "pg";
import {
  migrate,
  runOnce,
  startWorker,
  type HandlerSet,
  type WorkerListeners,
} from "../../src/index.js";
import { Cluster } from "../support/cluster.js";
import { createDatabase, type TestDatabase } from "../support/database.js";
import { RunLog } from "../support/run-log.js";
import { handlersFor, until } from "./support.js";
import { plainTypes } from "../support/plain-types.js";

let cluster: Cluster;
let logDatabase: TestDatabase;
let log: RunLog;
beforeAll(async () => {
  [cluster, logDatabase] = await Promise.all([Cluster.create(), createDatabase()]);
  log = await RunLog.open(logDatabase.connectionString);
  await migrate({ connectionString: cluster.connectionString });
});
afterAll(async () => {
  await log.close();
  await Promise.all([cluster.destroy(), logDatabase.drop()]);
});

const handlers: HandlerSet<undefined> = handlersFor({
  work: (_payload, { db, job }) =>
    log.record(job, "worker", async () => {
      await db.query("select pg_sleep(0.005)", []);
    }),
});

/** Runs statements on the cluster over a connection of their own. */
async function onCluster(...statements: string[]): Promise<unknown> {
  const client = new Client({ connectionString: cluster.connectionString, types: plainTypes });
  await client.connect();
  try {
    let rows: unknown = [];
    for (const statement of statements) ({ rows } = await client.query(statement));
    return rows;
  } finally {
    await client.end();
  }
}

async function addWork(count: number): Promise<void> {
  await onCluster(
    `select count(graphile_worker.add_job('work', '{}', case when n % 2 = 0 then 'q' || n % 7 end))
    from generate_series(1, ${count}) as n`,
  );
}

/** Retries wait seconds, which the test has no need to. */
async function makeDue(): Promise<void> {
  await onCluster(
    "update graphile_worker._private_jobs set run_at = now() where locked_by is null and run_at > now()",
  );
}

test("a worker lives through restarts of PostgreSQL under load", async () => {
  const { connectionString } = cluster;
  const jobs = 500;
  await addWork(jobs);
  let listening = 0;
  const on: WorkerListeners = { "pool:listen:success": () => void (listening += 1) };
  const worker = await startWorker({ connectionString, handlers, concurrency: 4, on });
  for (const share of [0.1, 0.4]) {
    await until(async () => (await log.countCompleted()) > jobs * share);
    await cluster.stop();
    await cluster.start();
    await makeDue();
  }
  await until(async () => {
    await makeDue();
    return (await log.countCompleted()) === jobs && listening >= 3;
  });
  await worker.stop();
  await log.assertSound(jobs, connectionString);
});

/** Lets no job be deleted while it is open: a settle that has been sent waits. */
async function blockSettles(): Promise<Client> {
  await onCluster(
    `create or replace function wait_for_test() returns trigger language plpgsql as $$
      begin perform pg_advisory_xact_lock_shared(4711); return old; end $$`,
    "drop trigger if exists wait_for_test on graphile_worker._private_jobs",
    `create trigger wait_for_test before delete on graphile_worker._private_jobs
    for each row execute function wait_for_test()`,
  );
  const client = new Client({ connectionString: cluster.connectionString, types: plainTypes });
  client.on("error", () => {});
  await client.connect();
  await client.query("select pg_advisory_lock(4711)");
  return client;
}

/** Restarts the server once a settle is under way. The lock ends with its connection. */
async function restartDuringSettle(): Promise<void> {
  await until(async () => {
    const rows = await onCluster(
      "select from pg_locks where locktype = 'advisory' and objid = 4711 and not granted",
    );
    return (rows as unknown[]).length > 0;
  });
  await cluster.stop();
  await cluster.start();
}

const oneByOne = { concurrency: 1, bufferSize: 0 };

test("a run ends though the server restarts once while it settles", async () => {
  const { connectionString } = cluster;
  await onCluster("delete from graphile_worker._private_jobs");
  await addWork(3);
  const blocker = await blockSettles();
  const errors: string[] = [];
  const running = runOnce({
    connectionString,
    handlers: handlersFor({ work: () => {} }),
    ...oneByOne,
    on: { "settle:error": ({ error }) => void errors.push(error.message) },
  });
  await restartDuringSettle();
  expect(await running).toMatchObject({ endedBy: "drained", completed: 3, failed: 0, lost: 0 });
  expect(errors.length).toBeGreaterThan(0);
  await blocker.end();
});

test("a worker goes on, without its next poll, though the server restarts once while it settles", async () => {
  const { connectionString } = cluster;
  await onCluster("delete from graphile_worker._private_jobs");
  await addWork(3);
  const blocker = await blockSettles();
  let completed = 0;
  const worker = await startWorker({
    connectionString,
    handlers: handlersFor({ work: () => {} }),
    ...oneByOne,
    pollIntervalMs: 2 ** 31 - 1,
    on: { "job:complete": () => void (completed += 1) },
  });
  await restartDuringSettle();
  await until(() => completed === 3);
  await worker.stop();
  await blocker.end();
  await onCluster("drop function wait_for_test cascade");
});

test("a start without a server says so, or waits for it if told to", async () => {
  const { connectionString } = cluster;
  await cluster.stop();
  await expect(startWorker({ connectionString, handlers })).rejects.toMatchObject({
    code: "DATABASE_UNREACHABLE",
    cause: { code: "ECONNREFUSED" },
  });
  const starting = startWorker({ connectionString, handlers, waitForDatabaseMs: 30_000 });
  await cluster.start();
  const worker = await starting;
  await worker.stop();
});

test("a start on a standby says that it can't write", async () => {
  await cluster.stop();
  const standby = await cluster.startStandbyCopy();
  await cluster.start();
  const { connectionString } = standby;
  await expect(startWorker({ connectionString, handlers })).rejects.toMatchObject({
    code: "DATABASE_READ_ONLY",
  });
  await standby.destroy();
});

test("a worker whose server turns read-only waits without haste, and goes on once it can write", async () => {
  const { connectionString } = cluster;
  const before = await log.countCompleted();
  let claims = 0;
  let refused = 0;
  const on: WorkerListeners = {
    "worker:getJob:start": () => void (claims += 1),
    "worker:getJob:error": ({ error }) => {
      if ("code" in error && error.code === "25006") refused += 1;
    },
  };
  const worker = await startWorker({ connectionString, handlers, pollIntervalMs: 5, on });
  await onCluster("alter system set default_transaction_read_only = on", "select pg_reload_conf()");
  await until(() => refused > 0);
  claims = 0;
  await until(() => refused > 3);
  // A poll every 5 ms would have claimed some hundred times; the waits grow instead.
  expect(claims).toBeLessThan(10);
  await expect(startWorker({ connectionString, handlers })).rejects.toMatchObject({
    code: "DATABASE_READ_ONLY",
  });
  await onCluster("alter system reset default_transaction_read_only", "select pg_reload_conf()");
  await until(() =>
    addWork(1).then(
      () => true,
      () => false,
    ),
  );
  await until(async () => (await log.countCompleted()) === before + 1);
  await worker.stop();
});
