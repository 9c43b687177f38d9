import { afterAll, beforeAll, beforeEach, expect, expectTypeOf, test } from "vitest";
import {
  addSendEmail,
  definePartialHandlers,
  importContacts,
  processUser,
  sendDailyReport,
  sendEmail,
  type SendDailyReportPayload,
  type SendEmailPayload,
} from "../../generated/tasks/index.js";
import { RetryAfterError, type JobContext, type Plugin } from "../../src/index.js";
import { assertEnqueued, runHandler, withRollback } from "../../src/testing/index.js";
import type { TestDatabase } from "../support/database.js";
import { createQueue, listJobs } from "../worker/support.js";

let database: TestDatabase;
beforeAll(async () => {
  database = await createQueue();
  await database.pool.query("create table effects (id text primary key)");
});
afterAll(() => database.drop());
beforeEach(async () => {
  await database.pool.query("delete from graphile_worker._private_jobs");
  await database.pool.query("delete from effects");
});

const email: SendEmailPayload = { to: "ada@example.com", subject: "Hello", body: "…" };

async function countEffects(): Promise<number> {
  const { rows } = await database.pool.query("select from effects");
  return rows.length;
}

test("a handler gets its validated payload and a whole context, and leaves no job behind", async () => {
  const { pool } = database;
  const runAt = new Date("2030-01-31T12:00:00.123Z");
  const { job, wasCompletedIn } = await runHandler(
    sendDailyReport,
    (payload: SendDailyReportPayload, ctx: JobContext<{ name: string }>) => {
      expect(payload).toEqual({ recipients: [] });
      expect(ctx.app.name).toBe("app");
      expect(ctx.signal.aborted).toBe(false);
      expect(ctx.cron).toBeUndefined();
      expect(ctx.job).toMatchObject({ task: "send_daily_report", attempts: 3, runAt, key: "k" });
      expect(ctx.job).toMatchObject({ queueName: "q", priority: 5, flags: ["slow"] });
    },
    {},
    {
      db: pool,
      app: { name: "app" },
      attempts: 3,
      spec: { runAt, priority: 5, flags: ["slow"], queueName: "q", jobKey: "k" },
    },
  );
  expectTypeOf(job.payload).toEqualTypeOf<SendDailyReportPayload>();
  expect(wasCompletedIn).toBe(false);
  expect(await listJobs(pool)).toEqual([]);
});

test("a handler is found in a set of handlers", async () => {
  const handlers = definePartialHandlers<string[]>({
    send_email: (payload, ctx) => void ctx.app.push(payload.to),
  });
  const app: string[] = [];
  await runHandler(sendEmail, handlers, email, { db: database.pool, app });
  expect(app).toEqual(["ada@example.com"]);
  await expect(
    runHandler(processUser, handlers as never, {} as never, { db: database.pool }),
  ).rejects.toMatchObject({ code: "TASK_UNKNOWN" });
});

test("what fails an attempt rejects, and no job stays behind", async () => {
  const { pool } = database;
  const error = new RetryAfterError("later", { after: 1000 });
  const fail = () => Promise.reject(error);
  await expect(runHandler(sendEmail, fail, email, { db: pool })).rejects.toBe(error);
  const wrong = { ...email, to: "nobody" };
  await expect(runHandler(sendEmail, () => {}, wrong, { db: pool })).rejects.toMatchObject({
    code: "PAYLOAD_INVALID",
  });
  const items = [{ accountId: 1, email: "a@example.com" }];
  const batch = () => [Promise.reject(new Error("no"))];
  await expect(runHandler(importContacts, batch, items, { db: pool })).rejects.toMatchObject({
    code: "BATCH_ITEMS_FAILED",
  });
  expect(await listJobs(pool)).toEqual([]);
});

test("an abort reaches the handler as a shutdown does", async () => {
  const controller = new AbortController();
  const wait = (_payload: unknown, { signal }: JobContext) => {
    controller.abort();
    return new Promise((_resolve, reject) => {
      signal.addEventListener("abort", () => reject(signal.reason as Error));
      if (signal.aborted) reject(signal.reason as Error);
    });
  };
  const { signal } = controller;
  await expect(
    runHandler(sendEmail, wait, email, { db: database.pool, signal }),
  ).rejects.toMatchObject({ code: "JOB_ABORTED", details: { cause: "shutdown" } });
});

test("a handler's transaction completes the job", async () => {
  const { pool } = database;
  const { wasCompletedIn } = await runHandler(
    sendEmail,
    (_payload, ctx) =>
      ctx.withTransaction(async (tx) => {
        await tx.query("insert into effects values ($1)", [ctx.job.id]);
        await ctx.completeIn(tx);
      }),
    email,
    { db: pool },
  );
  expect(wasCompletedIn).toBe(true);
  expect(await countEffects()).toBe(1);
});

test("plugins stand around the handler and what it adds", async () => {
  const { pool } = database;
  const told: string[] = [];
  const plugin: Plugin = {
    name: "tell",
    run: async (_request, next) => {
      told.push("run");
      return next();
    },
    enqueue: async (_request, next) => {
      told.push("enqueue");
      return next();
    },
  };
  const add = (_payload: unknown, ctx: JobContext) => ctx.add(sendEmail, email);
  await runHandler(sendEmail, add, email, { db: pool, plugins: [plugin] });
  expect(told).toEqual(["run", "enqueue"]);
  await assertEnqueued(pool, sendEmail, { to: email.to }, { count: 1 });
});

test("in a transaction that is rolled back a handler works as ever, and nothing of it stays", async () => {
  const { pool } = database;
  await withRollback(pool, async (db) => {
    const { wasCompletedIn } = await runHandler(
      sendEmail,
      async (_payload, ctx) => {
        await ctx.db.query("insert into effects values ('a')", []);
        // Outside of a transaction, an error undoes nothing but its statement.
        await expect(ctx.db.query("insert into effects values ('a')", [])).rejects.toThrow();
        const failing = ctx.withTransaction(async (tx) => {
          await tx.query("insert into effects values ('b')", []);
          throw new Error("no");
        });
        await expect(failing).rejects.toThrow("no");
        await ctx.withTransaction(async (tx) => {
          await tx.query("insert into effects values ('c')", []);
          await tx.add(sendEmail, email);
          await ctx.completeIn(tx);
        });
      },
      email,
      { db },
    );
    expect(wasCompletedIn).toBe(true);
    const { rows } = await db.query("select id from effects order by id", []);
    expect(rows).toEqual([{ id: "a" }, { id: "c" }]);
    await assertEnqueued(db, sendEmail, {}, { count: 1 });
  });
  expect(await countEffects()).toBe(0);
  expect(await listJobs(pool)).toEqual([]);
});

test("transactions beside and inside of each other work in one that is rolled back", async () => {
  await withRollback(database.pool, async (db) => {
    await runHandler(
      sendEmail,
      async (_payload, ctx) => {
        const insert = (id: string) =>
          ctx.withTransaction(async (tx) => {
            await tx.query("insert into effects values ($1)", [id]);
            await ctx.withTransaction((inner) =>
              inner.query("insert into effects values ($1)", [`inner ${id}`]),
            );
            if (id === "bad") throw new Error("no");
          });
        await Promise.allSettled([insert("a"), insert("bad"), insert("c")]);
      },
      email,
      { db },
    );
    const { rows } = await db.query("select id from effects order by id", []);
    expect(rows.map((row) => (row as { id: string }).id)).toEqual(["a", "c", "inner a", "inner c"]);
  });
});

test("a transaction whose statement failed can't end well, rolled back or not", async () => {
  const abortIt = (_payload: unknown, ctx: JobContext) =>
    ctx.withTransaction(async (tx) => {
      await tx.query("select 1 / 0", []).catch(() => {});
    });
  const aborted = { code: "TRANSACTION_ABORTED" };
  const { pool } = database;
  await expect(runHandler(sendEmail, abortIt, email, { db: pool })).rejects.toMatchObject(aborted);
  await withRollback(pool, async (db) => {
    await expect(runHandler(sendEmail, abortIt, email, { db })).rejects.toMatchObject(aborted);
    await addSendEmail(db, email);
  });
});

test("a connection inside of a transaction serves, and one outside is refused", async () => {
  const client = await database.pool.connect();
  try {
    await expect(runHandler(sendEmail, () => {}, email, { db: client })).rejects.toMatchObject({
      code: "OPTION_INVALID",
    });
    await client.query("begin");
    const write = (_payload: unknown, ctx: JobContext) =>
      ctx.db.query("insert into effects values ('a')", []);
    await runHandler(sendEmail, write, email, { db: client });
    await client.query("rollback");
  } finally {
    client.release();
  }
  expect(await countEffects()).toBe(0);
});

test("a completion in a transaction that rolls back is told, as in a worker", async () => {
  await withRollback(database.pool, async (db) => {
    const hide = (_payload: unknown, ctx: JobContext) =>
      ctx
        .withTransaction(async (tx) => {
          await ctx.completeIn(tx);
          throw new Error("no");
        })
        .catch(() => {});
    await expect(runHandler(sendEmail, hide, email, { db })).rejects.toMatchObject({
      code: "COMPLETION_ROLLED_BACK",
    });
  });
});

test("options that can't be meant are refused", async () => {
  const { pool } = database;
  const run = (options: object) => runHandler(sendEmail, () => {}, email, { db: pool, ...options });
  await expect(run({ attempt: 1 })).rejects.toMatchObject({ code: "OPTION_UNKNOWN" });
  await expect(run({ attempts: 0 })).rejects.toMatchObject({ code: "OPTION_INVALID" });
  await expect(run({ db: {} })).rejects.toMatchObject({ code: "OPTION_INVALID" });
  await expect(run({ schema: "none" })).rejects.toMatchObject({ code: "SCHEMA_MISSING" });
});
