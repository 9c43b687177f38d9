import type { PoolClient } from "pg";
import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import { startWorker, type StartOptions, type Worker } from "../../src/index.js";
import type { TestDatabase } from "../support/database.js";
import { Proxy } from "../support/proxy.js";
import {
  addJob,
  addJobs,
  countLocks,
  createQueue,
  Gate,
  handlersFor,
  listJobs,
  until,
} from "./support.js";

let database: TestDatabase;
beforeAll(async () => {
  database = await createQueue();
});
afterAll(() => database.drop());
afterEach(async () => {
  await database.pool.query("delete from graphile_worker._private_jobs");
  await database.pool.query("delete from graphile_worker._private_job_queues");
});

interface Busy {
  readonly worker: Worker;
  /** Ids of the jobs that have started. */
  readonly started: string[];
  /** Lets the handlers end. */
  readonly gate: Gate;
}

async function startBusy(options: Partial<StartOptions<undefined>> = {}): Promise<Busy> {
  const gate = new Gate();
  const started: string[] = [];
  const worker = await startWorker({
    connectionString: database.connectionString,
    concurrency: 2,
    handlers: handlersFor({
      work: async (_payload, { job, signal }) => {
        started.push(job.id);
        const aborted = new Promise((_resolve, reject) => {
          signal.addEventListener("abort", () => reject(signal.reason as Error));
        });
        await Promise.race([gate.opened, aborted]);
      },
      stubborn: async (_payload, { job }) => {
        started.push(job.id);
        await gate.opened;
      },
    }),
    ...options,
  });
  return { worker, started, gate };
}

/** Holds the table of jobs, so that a statement of the worker's stops on the server. */
async function holdJobs(statement: string, begin: () => unknown): Promise<PoolClient> {
  const client = await database.pool.connect();
  await client.query("begin; lock table graphile_worker._private_jobs in exclusive mode");
  begin();
  await until(async () => {
    const { rows } = await database.pool.query(
      `select from pg_stat_activity
      where datname = current_database() and wait_event_type = 'Lock' and query ~ $1`,
      [statement],
    );
    return rows.length > 0;
  });
  return client;
}

async function letGo(client: PoolClient): Promise<void> {
  await client.query("commit");
  client.release();
}

async function attemptsLeftBehind(): Promise<number[]> {
  expect(await countLocks(database.pool)).toBe(0);
  return (await listJobs(database.pool)).map(({ attempts }) => attempts);
}

test("an abort during the start rejects it with the signal's reason", async () => {
  const controller = new AbortController();
  const starting = startBusy({ signal: controller.signal });
  const reason = new Error("changed our minds");
  controller.abort(reason);
  await expect(starting).rejects.toBe(reason);
  await expect(startBusy({ signal: controller.signal })).rejects.toBe(reason);
});

test("an abort of the signal stops the worker", async () => {
  const controller = new AbortController();
  const { worker } = await startBusy({ signal: controller.signal });
  controller.abort();
  await worker.finished;
  expect(await attemptsLeftBehind()).toEqual([]);
});

test("a stop during a claim gives back what the claim brings", async () => {
  const { worker, started } = await startBusy({ pollIntervalMs: 10 });
  const holder = await holdJobs("taskwright_claim_jobs", () => {});
  await holder.query("select graphile_worker.add_job('work', '{}', 'q')");
  const stopping = worker.stop();
  await letGo(holder);
  await stopping;
  expect(started).toEqual([]);
  expect(await attemptsLeftBehind()).toEqual([0]);
});

test("a stop gives back what waits and lets finish what runs", async () => {
  const { pool } = database;
  await addJobs(pool, "work", 30);
  const { worker, started, gate } = await startBusy({ bufferSize: 20, bufferTimeoutMs: 60_000 });
  await until(() => started.length === 2);
  await until(async () => (await countLocks(pool)) > 10);
  const stopping = worker.stop();
  await until(async () => (await countLocks(pool)) === 2);
  gate.open();
  await stopping;
  expect(started).toHaveLength(2);
  expect(await attemptsLeftBehind()).toEqual(Array.from({ length: 28 }, () => 0));
});

test("a stop during a settle waits for it", async () => {
  const { worker, started, gate } = await startBusy();
  await addJob(database.pool, "work", { queue: "q" });
  await until(() => started.length === 1);
  const holder = await holdJobs("taskwright_settle_jobs", () => gate.open());
  const stopping = worker.stop();
  await letGo(holder);
  await stopping;
  expect(await attemptsLeftBehind()).toEqual([]);
});

test("past its time a stop aborts what runs, gives up who doesn't listen, and frees both", async () => {
  const { pool } = database;
  await addJob(pool, "work", { queue: "q" });
  await addJob(pool, "stubborn");
  const { worker, started, gate } = await startBusy({ shutdownTimeoutMs: 50, abortGraceMs: 50 });
  await until(() => started.length === 2);
  await worker.stop();
  expect(await attemptsLeftBehind()).toEqual([0, 0]);
  gate.open();
});

test("a job that was replaced while it ran isn't given back for another attempt", async () => {
  const { pool } = database;
  const replaced = await addJob(pool, "stubborn", { key: "k" });
  const { worker, started, gate } = await startBusy({ shutdownTimeoutMs: 50, abortGraceMs: 50 });
  await until(() => started.length === 1);
  const replacing = await addJob(pool, "elsewhere", { key: "k" });
  await worker.stop();
  const { rows } = await pool.query(
    "select id::text, is_available from graphile_worker._private_jobs order by id",
  );
  expect(rows).toEqual([
    { id: replaced, is_available: false },
    { id: replacing, is_available: true },
  ]);
  gate.open();
});

test("every stop gets the same end, and a forced one hastens the others", async () => {
  await addJob(database.pool, "stubborn", { queue: "q" });
  const { worker, started, gate } = await startBusy({ shutdownTimeoutMs: 3_600_000 });
  await until(() => started.length === 1);
  const stops = [worker.stop(), worker.stop(), worker.stop({ force: true })];
  await Promise.all([...stops, worker.finished]);
  await worker.stop();
  await worker.stop({ force: true });
  expect(await attemptsLeftBehind()).toEqual([0]);
  gate.open();
});

test("a worker that goes out of scope has stopped", async () => {
  let finished: Promise<void> | undefined;
  {
    const { worker, gate } = await startBusy();
    await using scoped = worker;
    gate.open();
    await addJobs(database.pool, "work", 5, { queue: "q" });
    await until(async () => (await listJobs(database.pool)).length === 0);
    ({ finished } = scoped);
  }
  await finished;
  expect(await countLocks(database.pool)).toBe(0);
});

test("signals are listened to only when asked, and no longer than the worker lives", async () => {
  const signals = ["SIGTERM", "SIGINT", "SIGHUP", "SIGUSR2", "SIGABRT"];
  const count = () => signals.map((signal) => process.listenerCount(signal));
  const before = count();
  const quiet = await startBusy();
  expect(count()).toEqual(before);
  const listening = await startBusy({ handleSignals: true });
  expect(count()).toEqual(before.map((listeners) => listeners + 1));
  await Promise.all([quiet.worker.stop(), listening.worker.stop()]);
  expect(count()).toEqual(before);
});

for (const state of ["falls silent", "refuses connections"] as const) {
  test(`a stop whose database ${state} ends in time and says what stays locked`, async () => {
    const { pool, connectionString } = database;
    const proxy = await Proxy.before(connectionString);
    const left: string[] = [];
    const { worker, started, gate } = await startBusy({
      connectionString: proxy.through(connectionString),
      shutdownTimeoutMs: 50,
      settleTimeoutMs: 200,
      on: { "pool:fatalError": ({ jobs }) => void left.push(...jobs.map(({ id }) => id)) },
    });
    const id = await addJob(pool, "work", { queue: "q" });
    await until(() => started.length === 1);
    if (state === "falls silent") proxy.goDeaf();
    else await proxy.close();
    gate.open();
    await worker.stop();
    expect(left).toEqual([id]);
    // It stays registered, so that a sweep finds the lock.
    const registered = await pool.query(
      "select from graphile_worker._private_workers where id = $1",
      [worker.id],
    );
    expect(registered.rowCount).toBe(1);
    await proxy.close();
  });
}

test.each(["job:start", "job:success", "job:complete", "localQueue:getJobs:complete"] as const)(
  "a listener of %s may stop the worker, and nothing stays locked",
  async (name) => {
    await addJobs(database.pool, "work", 3, { queue: "%", queues: 3 });
    const handlers = handlersFor({ work: () => {} });
    const worker = await startWorker({ pool: database.pool, handlers, concurrency: 1 });
    worker.events.once(name, () => worker.stop());
    await worker.finished;
    expect(await countLocks(database.pool)).toBe(0);
  },
);

test("a forced stop right before a handler is called spares it", async () => {
  await addJob(database.pool, "work");
  let calls = 0;
  const handlers = handlersFor({
    work: () => {
      calls += 1;
      return new Promise(() => {});
    },
  });
  const worker = await startWorker({ pool: database.pool, handlers });
  worker.events.once("job:start", () => worker.stop({ force: true }));
  await worker.finished;
  expect(calls).toBe(0);
  expect(await attemptsLeftBehind()).toEqual([0]);
});
