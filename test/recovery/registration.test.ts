import type { PoolClient } from "pg";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { bindQueries } from "../../src/database/queries.js";
import { runOnce, startWorker } from "../../src/index.js";
import { sqlState } from "../../src/database/failure.js";
import type { TestDatabase } from "../support/database.js";
import {
  addJob,
  countLocks,
  createQueue,
  Gate,
  handlersFor,
  listJobs,
  until,
} from "../worker/support.js";

const queries = bindQueries({ schema: "graphile_worker", preparedStatements: true });
/** Nothing happens by itself. */
const never = 1_000_000_000;
const recovery = {
  heartbeatIntervalMs: never,
  sweepIntervalMs: never,
  sweepThresholdMs: 2 * never,
};
const metadata = JSON.stringify({ client: "taskwright", sweepThresholdMs: 1000 });

let database: TestDatabase;
beforeAll(async () => {
  database = await createQueue();
});
afterAll(() => database.drop());
beforeEach(() =>
  database.pool.query(
    `truncate graphile_worker._private_jobs, graphile_worker._private_job_queues,
      graphile_worker._private_workers, graphile_worker.taskwright_workers`,
  ),
);

async function isRegistered(id: string): Promise<boolean> {
  const { rows } = await database.pool.query(
    "select from graphile_worker._private_workers where id = $1",
    [id],
  );
  return rows.length > 0;
}

/** Runs `use` with two connections, and rolls back what they leave open. */
async function withTwo(use: (one: PoolClient, two: PoolClient) => Promise<void>): Promise<void> {
  const [one, two] = await Promise.all([database.pool.connect(), database.pool.connect()]);
  try {
    await use(one, two);
  } finally {
    for (const client of [one, two]) {
      await client.query("rollback");
      client.release();
    }
  }
}

async function claim(db: PoolClient, workerId: string) {
  const { rows } = await database.pool.query<{ id: number }>(
    "select id from graphile_worker._private_tasks",
  );
  const taskIds = rows.map(({ id }) => id);
  const params = { workerId, taskIds, forbiddenFlags: [], maxJobs: 10, afterQueue: 0 };
  return queries.claimJobs(db, { ...params, mustBeRegistered: true });
}

const lockRow = "select from graphile_worker._private_workers where id = 'me' for update";

describe("a claim", () => {
  test("of a worker that isn't registered claims nothing, and says so", async () => {
    await addJob(database.pool, "work", { queue: "q" });
    await withTwo(async (one) => {
      await expect(claim(one, "me")).rejects.toSatisfy((error) => sqlState(error) === "TWUNR");
    });
    expect(await countLocks(database.pool)).toBe(0);
    expect(await listJobs(database.pool)).toMatchObject([{ attempts: 0 }]);
  });

  test("that finds nothing needs no registration, and writes nothing", async () => {
    await withTwo(async (one) => {
      await one.query("begin");
      expect(await claim(one, "me")).toEqual([]);
      const { rows } = await one.query("select txid_current_if_assigned() as id");
      expect(rows).toEqual([{ id: null }]);
    });
  });

  test("keeps the worker registered until it is committed", async () => {
    await addJob(database.pool, "work");
    await withTwo(async (one, two) => {
      await queries.beatHeart(one, { workerId: "me", metadata });
      await one.query("begin");
      expect(await claim(one, "me")).toHaveLength(1);
      await two.query("begin");
      expect((await two.query(`${lockRow} skip locked`)).rows).toEqual([]);
      // A heartbeat meanwhile doesn't wait.
      await queries.beatHeart(two, { workerId: "me", metadata });
    });
  });

  test("doesn't wait for a sweep that is about to forget the worker, and locks nothing", async () => {
    await addJob(database.pool, "work");
    await withTwo(async (one, two) => {
      await queries.beatHeart(one, { workerId: "me", metadata });
      await two.query("begin");
      await two.query(lockRow);
      await expect(claim(one, "me")).rejects.toSatisfy((error) => sqlState(error) === "TWUNR");
    });
    expect(await countLocks(database.pool)).toBe(0);
  });
});

describe("a heartbeat", () => {
  test("that waits for the sweep that forgets its worker says that it wasn't registered", async () => {
    await withTwo(async (one, two) => {
      const first = await queries.beatHeart(one, { workerId: "me", metadata });
      const second = await queries.beatHeart(one, { workerId: "me", metadata });
      expect([...first, ...second]).toEqual([{ wasRegistered: false }, { wasRegistered: true }]);
      await two.query("begin");
      await two.query("delete from graphile_worker._private_workers where id = 'me'");
      const beat = queries.beatHeart(one, { workerId: "me", metadata });
      await until(async () => {
        const { rows } = await database.pool.query("select from pg_locks where not granted");
        return rows.length > 0;
      });
      await two.query("commit");
      expect(await beat).toEqual([{ wasRegistered: false }]);
    });
    expect(await isRegistered("me")).toBe(true);
  });

  test("that fails is tried again long before the next one is due", async () => {
    await database.pool.query(`
      create sequence refused;
      create function refuse() returns trigger language plpgsql set search_path = public as $$ begin
        if nextval('refused') <= 3 then raise exception 'refused'; end if;
        return new;
      end $$;
      create trigger refuse before insert on graphile_worker._private_workers
      for each row execute function refuse();
    `);
    const errors: string[] = [];
    const ran = new Gate();
    await addJob(database.pool, "work");
    await using worker = await startWorker({
      connectionString: database.connectionString,
      handlers: handlersFor({ work: () => ran.open() }),
      workerId: "me",
      pollIntervalMs: never,
      recovery,
      on: { "heartbeat:error": ({ error }) => void errors.push(error.message) },
    });
    await ran.opened;
    await worker.stop();
    await database.pool.query("drop function refuse cascade; drop sequence refused");
    expect(errors).toEqual(["refused", "refused", "refused"]);
  });
});

test("a worker that is no longer registered claims nothing until it has registered again", async () => {
  const { pool, connectionString } = database;
  const happened: string[] = [];
  const ran = new Gate();
  await using worker = await startWorker({
    connectionString,
    handlers: handlersFor({
      work: async () => {
        happened.push((await isRegistered("me")) ? "ran" : "ran unregistered");
        ran.open();
      },
    }),
    workerId: "me",
    pollIntervalMs: never,
    recovery,
    on: {
      "worker:getJob:error": ({ error }) =>
        void happened.push((error as { code?: string }).code ?? error.message),
      "heartbeat:lost": () => void happened.push("registered again"),
    },
  });
  await pool.query("delete from graphile_worker._private_workers");
  await addJob(pool, "work");
  await ran.opened;
  await worker.stop();
  expect(happened).toEqual(["WORKER_UNREGISTERED", "registered again", "ran"]);
  expect(await isRegistered("me")).toBe(false);
});

test("a run whose worker can't register ends with the reason", async () => {
  const { pool, connectionString } = database;
  await pool.query(`
    create function refuse() returns trigger language plpgsql as $$ begin
      raise exception 'refused';
    end $$;
    create trigger refuse before insert on graphile_worker._private_workers
    for each row execute function refuse();
  `);
  await addJob(pool, "work");
  const handlers = handlersFor({ work: () => {} });
  await expect(runOnce({ connectionString, handlers })).rejects.toThrow("refused");
  await pool.query("drop function refuse cascade");
  expect(await listJobs(pool)).toMatchObject([{ attempts: 0, locked_by: null }]);
});

test("a worker that stops is forgotten, and no other is", async () => {
  const start = (workerId: string) =>
    startWorker({
      connectionString: database.connectionString,
      handlers: handlersFor({ work: () => {} }),
      workerId,
      recovery,
    });
  const [one, other] = await Promise.all([start("one"), start("other")]);
  await one.stop();
  expect([await isRegistered("one"), await isRegistered("other")]).toEqual([false, true]);
  await other.stop();
  expect(await isRegistered("other")).toBe(false);
});

test("a worker without recovery claims without being registered", async () => {
  const { pool, connectionString } = database;
  const ran = new Gate();
  await addJob(pool, "work");
  await using worker = await startWorker({
    connectionString,
    handlers: handlersFor({ work: () => ran.open() }),
    recovery: false,
  });
  await ran.opened;
  await worker.stop();
  const { rows } = await pool.query("select from graphile_worker.taskwright_workers");
  expect(rows).toEqual([]);
});
