import { Client } from "pg";
import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import {
  runOnce,
  startWorker,
  type Handler,
  type SettleInterceptor,
  type WorkerEventName,
} from "../../src/index.js";
import type { TestDatabase } from "../support/database.js";
import { addJob, countLocks, createQueue, Gate, handlersFor, listJobs, until } from "./support.js";
import { plainTypes } from "../support/plain-types.js";

let database: TestDatabase;
beforeAll(async () => {
  database = await createQueue();
  await database.pool.query("create table effects (job_id text)");
});
afterAll(() => database.drop());
beforeEach(async () => {
  await database.pool.query("delete from graphile_worker._private_jobs");
  await database.pool.query("delete from effects");
});

const addEffect = "insert into effects values ($1)";
const watched = ["job:success", "job:error", "job:complete", "job:lost", "job:late"] as const;

async function countEffects(): Promise<number> {
  return (await database.pool.query("select from effects")).rowCount ?? -1;
}

/** Runs one job with the handler and tells the events that concerned it. */
async function runWith(handler: Handler<Record<string, unknown>>): Promise<WorkerEventName[]> {
  const { pool, connectionString } = database;
  const events: WorkerEventName[] = [];
  const on = Object.fromEntries(watched.map((name) => [name, () => void events.push(name)]));
  await addJob(pool, "work");
  await runOnce({
    connectionString,
    handlers: handlersFor({ work: handler }),
    on,
  });
  expect(await countLocks(pool)).toBe(0);
  return events;
}

test("the completion commits with the handler's writes", async () => {
  const events = await runWith((_, { job, withTransaction, completeIn }) =>
    withTransaction(async (tx) => {
      await tx.query(addEffect, [job.id]);
      await completeIn(tx);
    }),
  );
  expect(await countEffects()).toBe(1);
  expect(await listJobs(database.pool)).toEqual([]);
  expect(events).toEqual(["job:success", "job:complete"]);
});

test("it commits in a transaction that the handler opened by itself", async () => {
  const events = await runWith(async (_, ctx) => {
    const client = new Client({ connectionString: database.connectionString, types: plainTypes });
    await client.connect();
    await client.query("begin");
    await client.query(addEffect, [ctx.job.id]);
    await ctx.completeIn(client);
    await client.query("commit");
    await client.end();
  });
  expect(await countEffects()).toBe(1);
  expect(await listJobs(database.pool)).toEqual([]);
  expect(events).toEqual(["job:success", "job:complete"]);
});

test("a transaction that rolls back leaves the job for its retry", async () => {
  const events = await runWith((_, ctx) =>
    ctx.withTransaction(async (tx) => {
      await tx.query(addEffect, [ctx.job.id]);
      await ctx.completeIn(tx);
      throw new Error("after all");
    }),
  );
  expect(await countEffects()).toBe(0);
  expect(await listJobs(database.pool)).toMatchObject([{ attempts: 1, last_error: "after all" }]);
  expect(events).toEqual(["job:error", "job:complete"]);
});

test("a handler that hides the rollback doesn't complete its job", async () => {
  await runWith((_, ctx) =>
    ctx
      .withTransaction(async (tx) => {
        await ctx.completeIn(tx);
        throw new Error("hidden");
      })
      .catch(() => {}),
  );
  const [job] = await listJobs(database.pool);
  expect(job?.last_error).toContain("transaction in which it completed its job was rolled back");
});

test("a second transaction may complete what the first one didn't", async () => {
  const events = await runWith(async (_, ctx) => {
    const complete = (fail: boolean) =>
      ctx.withTransaction(async (tx) => {
        await tx.query(addEffect, [ctx.job.id]);
        await ctx.completeIn(tx);
        if (fail) throw new Error("the first");
      });
    await complete(true).catch(() => {});
    await complete(false);
  });
  expect(await countEffects()).toBe(1);
  expect(events).toEqual(["job:success", "job:complete"]);
});

test("an error after the commit undoes nothing and is told as late", async () => {
  const events = await runWith(async (_, ctx) => {
    await ctx.withTransaction((tx) => ctx.completeIn(tx));
    throw new Error("too late");
  });
  expect(await listJobs(database.pool)).toEqual([]);
  expect(events).toEqual(["job:late", "job:success", "job:complete"]);
});

test("a lost lock rolls the handler's writes back, whatever the handler makes of the error", async () => {
  const { pool } = database;
  const errors: unknown[] = [];
  const events = await runWith(async (_, ctx) => {
    if (errors.length > 0) return;
    await pool.query("select graphile_worker.force_unlock_workers(array[$1])", [ctx.job.lockedBy]);
    const writing = ctx.withTransaction(async (tx) => {
      await tx.query(addEffect, [ctx.job.id]);
      await ctx.completeIn(tx).catch((error: unknown) => errors.push(error));
    });
    await writing.catch((error: unknown) => errors.push(error));
  });
  expect(errors).toMatchObject([{ code: "JOB_LOST" }, { code: "TRANSACTION_ABORTED" }]);
  expect(await countEffects()).toBe(0);
  expect(events).toContain("job:lost");
});

test("outside of a transaction it is refused", async () => {
  await runWith((_, ctx) => ctx.completeIn(ctx.db));
  const [job] = await listJobs(database.pool);
  expect(job?.last_error).toContain("must be a transaction");
});

test("the queue is free at the commit, while the handler goes on", async () => {
  const { pool, connectionString } = database;
  const order: string[] = [];
  const second = new Gate();
  const handlers = handlersFor({
    work: async ({ n }, ctx) => {
      order.push(`start ${String(n)}`);
      if (n === 2) return second.open();
      await ctx.withTransaction((tx) => ctx.completeIn(tx));
      await second.opened;
      order.push("end 1");
    },
  });
  await addJob(pool, "work", { queue: "q", payload: { n: 1 } });
  await addJob(pool, "work", { queue: "q", payload: { n: 2 } });
  await using worker = await startWorker({ connectionString, handlers, pollIntervalMs: 3_600_000 });
  await until(() => order.length === 3);
  expect(order).toEqual(["start 1", "start 2", "end 1"]);
  await worker.stop();
  expect(await countLocks(pool)).toBe(0);
});

test("a transaction that is left open holds up its own job alone", async () => {
  const { pool, connectionString } = database;
  const client = new Client({ connectionString, types: plainTypes });
  await client.connect();
  let runs = 0;
  const handlers = handlersFor({
    leave: async (_, ctx) => {
      await client.query("begin");
      await ctx.completeIn(client);
    },
    count: () => void (runs += 1),
  });
  await addJob(pool, "leave");
  await using worker = await startWorker({ connectionString, handlers });
  await until(async () => {
    const { rowCount } = await pool.query(
      "select from pg_stat_activity where state = 'idle in transaction' and datname = current_database()",
    );
    return rowCount === 1;
  });
  for (let n = 0; n < 20; n += 1) await addJob(pool, "count");
  await until(async () => runs === 20 && (await listJobs(pool)).length === 1);
  await client.query("commit");
  await client.end();
  await until(async () => (await listJobs(pool)).length === 0);
  await worker.stop();
});

test("a handler that was given up can't complete its job any more", async () => {
  const { pool, connectionString } = database;
  const late = new Gate();
  const outcome = new Gate();
  let error: unknown;
  const handlers = handlersFor(
    {
      work: async (_, ctx) => {
        await late.opened;
        await ctx
          .withTransaction((tx) => ctx.completeIn(tx))
          .catch((thrown: unknown) => {
            error = thrown;
          });
        outcome.open();
      },
    },
    { timeoutMs: 10 },
  );
  // It has failed, and the database doesn't know yet.
  const settle: SettleInterceptor = async (_request, next) => {
    late.open();
    await outcome.opened;
    return next();
  };
  await addJob(pool, "work");
  const plugins = [{ name: "wait", settle }];
  await using worker = await startWorker({ connectionString, handlers, abortGraceMs: 10, plugins });
  await until(async () => (await listJobs(pool))[0]?.last_error !== null);
  expect(error).toMatchObject({ code: "JOB_LOST" });
  await worker.stop();
});
