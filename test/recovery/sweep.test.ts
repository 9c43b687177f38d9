import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { bindQueries } from "../../src/database/queries.js";
import type { Executor } from "../../src/database/executor.js";
import { listWorkers } from "../../src/manage/index.js";
import { migrate } from "../../src/migrate/index.js";
import { resolveRecovery, type RecoveryOptions } from "../../src/recovery/options.js";
import { sweep } from "../../src/recovery/sweep.js";
import { createDatabase, type TestDatabase } from "../support/database.js";

const queries = bindQueries({ schema: "graphile_worker", preparedStatements: true });
let database: TestDatabase;

beforeAll(async () => {
  database = await createDatabase();
  await migrate({ connectionString: database.connectionString });
});
afterAll(() => database.drop());
beforeEach(() =>
  database.pool.query(
    `truncate graphile_worker._private_jobs, graphile_worker._private_job_queues,
       graphile_worker._private_workers`,
  ),
);

async function inTransaction<T>(fn: (tx: Executor) => Promise<T>): Promise<T> {
  const client = await database.pool.connect();
  try {
    await client.query("begin");
    const result = await fn(client);
    await client.query("commit");
    return result;
  } catch (error) {
    await client.query("rollback");
    throw error;
  } finally {
    client.release();
  }
}

const sweepWith = (options: RecoveryOptions = {}) =>
  sweep(queries, inTransaction, resolveRecovery(options));

/** A worker whose last heartbeat was some seconds ago; `metadata` as it would have written it. */
async function registerWorker(id: string, silentSeconds: number, metadata: object | null) {
  await database.pool.query(
    `insert into graphile_worker._private_workers (id, last_heartbeat_at, metadata)
     values ($1, now() - $2 * interval '1 second', $3)`,
    [id, silentSeconds, metadata],
  );
}

/** A job in its second attempt, held by a worker since five minutes. */
async function addHeldJob(
  workerId: string,
  { queueName = null as string | null, flags = [""] } = {},
) {
  const { rows } = await database.pool.query<{ id: string }>(
    `with job as (
       select * from graphile_worker.add_job('work', queue_name => $2, flags => $3::text[])
     ), queue as (
       update graphile_worker._private_job_queues set locked_by = $1, locked_at = now()
       where queue_name = $2
     )
     select id from job`,
    [workerId, queueName, flags],
  );
  const id = rows[0]?.id ?? "";
  await database.pool.query(
    `update graphile_worker._private_jobs
     set locked_by = $2, locked_at = now() - interval '5 minutes', attempts = 2 where id = $1`,
    [id, workerId],
  );
  await database.pool.query(
    "update graphile_worker._private_job_queues set locked_by = $2, locked_at = now() where queue_name = $1",
    [queueName, workerId],
  );
  return id;
}

async function readJob(id: string) {
  const { rows } = await database.pool.query(
    `select jobs.*, queues.locked_by as queue_locked_by, jobs.run_at <= now() as due,
       extract(epoch from jobs.run_at - now())::float8 as due_in
     from graphile_worker._private_jobs as jobs
     left join graphile_worker._private_job_queues as queues on queues.id = jobs.job_queue_id
     where jobs.id = $1`,
    [id],
  );
  return rows[0] as Record<string, unknown>;
}

const ours = { sweepThresholdMs: 30_000 };

describe("a sweep", () => {
  test("gives a dead worker's jobs and queues back, with the attempt uncounted", async () => {
    await registerWorker("dead", 31, ours);
    const id = await addHeldJob("dead", { queueName: "letters" });
    expect(await sweepWith()).toEqual({
      swept: true,
      deadWorkerIds: ["dead"],
      recoveredJobIds: [id],
      failedJobIds: [],
      hookErrors: [],
    });
    expect(await readJob(id)).toMatchObject({
      locked_by: null,
      locked_at: null,
      attempts: 1,
      due: true,
      queue_locked_by: null,
      last_error: "Job recovered after worker interruption",
    });
    expect(await listWorkers(database.pool)).toEqual([]);
  });

  test.each([
    ["removed", "select graphile_worker.remove_job('k')"],
    ["replaced", "select graphile_worker.add_job('work', job_key => 'k')"],
    // As the functions leave it that the Rust crate's revision 22 puts in place of ours.
    [
      "retired by the Rust crate",
      `create table graphile_worker._private_job_retirements (
         id bigint primary key references graphile_worker._private_jobs on delete cascade
       );
       with retired as (
         update graphile_worker._private_jobs
         set key = null, attempts = max_attempts, updated_at = now() where key = 'k' returning id
       )
       insert into graphile_worker._private_job_retirements select id from retired`,
    ],
  ])("leaves a job without an attempt that was %s while it was held", async (_how, sql) => {
    await registerWorker("dead", 31, ours);
    const id = await addHeldJob("dead");
    await database.pool.query(
      "update graphile_worker._private_jobs set key = 'k', updated_at = locked_at where id = $1",
      [id],
    );
    await database.pool.query(sql);
    expect(await sweepWith()).toMatchObject({ recoveredJobIds: [id] });
    expect(await readJob(id)).toMatchObject({ locked_by: null, key: null, is_available: false });
    await database.pool.query("drop table if exists graphile_worker._private_job_retirements");
  });

  test("gives the last attempt of a job back that never had a key", async () => {
    await registerWorker("dead", 31, ours);
    const id = await addHeldJob("dead");
    await database.pool.query(
      `update graphile_worker._private_jobs
       set attempts = max_attempts, updated_at = locked_at where id = $1`,
      [id],
    );
    await sweepWith();
    expect(await readJob(id)).toMatchObject({ locked_by: null, is_available: true });
  });

  test("leaves a worker alone that was silent for less than it said it may be", async () => {
    await registerWorker("alive", 29, ours);
    const id = await addHeldJob("alive");
    expect(await sweepWith()).toMatchObject({ swept: true, deadWorkerIds: [] });
    expect(await readJob(id)).toMatchObject({ locked_by: "alive", attempts: 2 });
  });

  test("gives a worker of the Rust crate, which says nothing, five minutes", async () => {
    await registerWorker("rust-alive", 290, null);
    await registerWorker("rust-dead", 310, null);
    expect(await sweepWith()).toMatchObject({ deadWorkerIds: ["rust-dead"] });
  });

  test("gives a worker with a resilient job three times as long", async () => {
    await registerWorker("patient", 60, ours);
    await addHeldJob("patient", { flags: ["infrastructure_resilient"] });
    await registerWorker("overdue", 91, ours);
    await addHeldJob("overdue", { flags: ["infrastructure_resilient"] });
    expect(await sweepWith()).toMatchObject({ deadWorkerIds: ["overdue"] });
  });

  test("never touches the lock of a holder that never registered, unless asked", async () => {
    const id = await addHeldJob("node-peer");
    expect(await sweepWith()).toMatchObject({ deadWorkerIds: [] });
    expect(await readJob(id)).toMatchObject({ locked_by: "node-peer" });
    expect(await sweepWith({ unregisteredThresholdMs: 600_000 })).toMatchObject({
      deadWorkerIds: [],
    });
    expect(await sweepWith({ unregisteredThresholdMs: 240_000 })).toMatchObject({
      deadWorkerIds: ["node-peer"],
      recoveredJobIds: [id],
    });
  });

  test("delays what it gives back, when asked", async () => {
    await registerWorker("dead", 31, ours);
    const id = await addHeldJob("dead");
    await sweepWith({ recoveryDelayMs: 60_000 });
    expect((await readJob(id))["due_in"]).toBeGreaterThan(50);
  });

  test("does with each job what the hook decides", async () => {
    await registerWorker("dead", 31, ours);
    const failed = await addHeldJob("dead");
    const left = await addHeldJob("dead");
    const moved = await addHeldJob("dead");
    const runAt = new Date("2040-01-01T00:00:00Z");
    const result = await sweepWith({
      hook: async (job, deadWorkerId) => {
        expect(deadWorkerId).toBe("dead");
        if (job.id === failed) return "fail";
        return job.id === left ? "leave" : { runAt, attempts: 0 };
      },
    });
    expect(new Set(result.recoveredJobIds)).toEqual(new Set([failed, moved]));
    const failedJob = await readJob(failed);
    expect(failedJob).toMatchObject({ locked_by: null, attempts: 2 });
    // exp(2) seconds, less what passed since.
    expect(failedJob["due_in"]).toBeGreaterThan(5);
    expect(await readJob(left)).toMatchObject({ locked_by: "dead", attempts: 2 });
    expect(await readJob(moved)).toMatchObject({ locked_by: null, attempts: 0, run_at: runAt });
    // The worker is asked about again, as long as it holds something.
    expect(await sweepWith()).toMatchObject({ recoveredJobIds: [left] });
  });

  test.each([
    ["throws", () => Promise.reject(new Error("no answer")), "no answer"],
    ["decides nothing", () => undefined as never, "must be a function that returns"],
    ["gives no time", () => ({ runAt: new Date(NaN) }), "must be a function that returns"],
    ["gives no number", () => ({ runAt: new Date(), attempts: -1 }), "must be a function"],
  ])("leaves a job about which the hook %s, and says so", async (_case, hook, message) => {
    await registerWorker("dead", 31, ours);
    const id = await addHeldJob("dead");
    const other = await addHeldJob("dead");
    const result = await sweepWith({ hook: (job) => (job.id === id ? hook() : "recover") });
    expect(result).toMatchObject({ recoveredJobIds: [other] });
    expect(result.hookErrors).toMatchObject([{ message: expect.stringContaining(message) }]);
    expect(await readJob(id)).toMatchObject({ locked_by: "dead" });
    expect(await sweepWith()).toMatchObject({ recoveredJobIds: [id] });
  });

  test.each([new Date(8.64e15), new Date(-8.64e15)])(
    "gives a job the time %s, which PostgreSQL writes in its own way",
    async (runAt) => {
      await registerWorker("dead", 31, ours);
      const id = await addHeldJob("dead");
      expect(await sweepWith({ hook: () => ({ runAt }) })).toMatchObject({ recoveredJobIds: [id] });
      expect(await readJob(id)).toMatchObject({ locked_by: null, due: runAt < new Date() });
    },
  );

  test("leaves the work to a sweep that is under way", async () => {
    await registerWorker("dead", 31, ours);
    await addHeldJob("dead");
    const other = await database.pool.connect();
    await other.query("begin");
    expect(await queries.trySweepLock(other)).toEqual([{ acquired: true }]);
    expect(await sweepWith()).toMatchObject({ swept: false });
    await other.query("rollback");
    other.release();
    expect(await sweepWith()).toMatchObject({ swept: true, deadWorkerIds: ["dead"] });
  });

  test("wakes the workers up", async () => {
    await registerWorker("dead", 31, ours);
    await addHeldJob("dead");
    // From now on only: an added job is announced, too.
    const listener = await database.pool.connect();
    const heard = new Promise((resolve) => listener.once("notification", resolve));
    await listener.query(`listen "jobs:insert"`);
    await sweepWith();
    await expect(heard).resolves.toMatchObject({ channel: "jobs:insert" });
    listener.release(true);
  });
});

describe("the options of recovery", () => {
  test("are refused when one late heartbeat would be a death", () => {
    expect(() => resolveRecovery({ heartbeatIntervalMs: 1_000, sweepThresholdMs: 1_500 })).toThrow(
      expect.objectContaining({ code: "OPTION_INVALID" }),
    );
    expect(() => resolveRecovery({ sweepTreshold: 1 } as never)).toThrow(
      expect.objectContaining({ code: "OPTION_UNKNOWN" }),
    );
    expect(resolveRecovery({ sweepIntervalMs: undefined } as never)).toEqual(resolveRecovery());
  });

  test.each([
    { heartbeatIntervalMs: 0 },
    { sweepIntervalMs: Infinity },
    { sweepThresholdMs: Infinity },
    { foreignThresholdMs: 2 ** 31 },
    { recoveryDelayMs: -1 },
    { unregisteredThresholdMs: NaN },
    { resilientMultiplier: Infinity },
    { resilientFlags: "infrastructure_resilient" as never },
    { hook: "fail" as never },
  ])("are refused when they can't be meant: %o", (options) => {
    expect(() => resolveRecovery(options)).toThrow(
      expect.objectContaining({ code: "OPTION_INVALID" }),
    );
  });
});
