import { afterAll, beforeAll, beforeEach, describe, expect, expectTypeOf, test } from "vitest";
import {
  definePartialHandlers,
  sendEmail,
  type SendEmailPayload,
} from "../../generated/tasks/index.js";
import {
  runOnce,
  startWorker,
  type Job,
  type JobContext,
  type JobTransaction,
  type Logger,
  type Plugin,
} from "../../src/index.js";
import type { TestDatabase } from "../support/database.js";
import { addJob, addJobs, createQueue, handlersFor, listJobs, until } from "../worker/support.js";

let database: TestDatabase;
beforeAll(async () => {
  database = await createQueue();
});
afterAll(() => database.drop());
beforeEach(() => database.pool.query("delete from graphile_worker._private_jobs"));

const email = { to: "ada@example.com", subject: "Hello", body: "…" };

/** Runs what is due with these plugins and tells which events of jobs there were. */
async function runWith(
  plugins: readonly Plugin[],
  note: (payload: Record<string, unknown>) => unknown = () => {},
): Promise<string[]> {
  const events: string[] = [];
  const hear = (name: string) => () => void events.push(name);
  await runOnce({
    pool: database.pool,
    handlers: handlersFor({ note }),
    plugins,
    on: {
      "job:success": hear("job:success"),
      "job:skipped": hear("job:skipped"),
      "job:error": hear("job:error"),
      "job:complete": hear("job:complete"),
      "plugin:error": ({ error }) => void events.push(`plugin:error ${error.message}`),
    },
  });
  return events;
}

const fail = () => {
  throw new Error("handler failed");
};

describe("run interceptors", () => {
  test("wrap the handler in order and see its payload and context", async () => {
    const order: unknown[] = [];
    const wrap = (name: string): Plugin => ({
      name,
      run: async ({ task, payload, ctx }, next) => {
        order.push([name, task.identifier, payload, ctx.job.attempts]);
        await next();
        order.push(name);
      },
    });
    await addJob(database.pool, "note", { payload: { n: 1 } });
    await runWith([wrap("a"), wrap("b")], ({ n }) => void order.push(n));
    expect(order).toEqual([["a", "note", { n: 1 }, 1], ["b", "note", { n: 1 }, 1], 1, "b", "a"]);
  });

  test("skip: the job completes and its handler isn't called", async () => {
    let runs = 0;
    await addJob(database.pool, "note");
    const skip: Plugin = { name: "skip", run: async () => "skipped" };
    expect(await runWith([skip], () => (runs += 1))).toEqual(["job:skipped", "job:complete"]);
    expect(runs).toBe(0);
    expect(await listJobs(database.pool)).toEqual([]);
  });

  test("fail the attempt, or complete what its handler failed", async () => {
    await addJob(database.pool, "note");
    const refuse: Plugin = {
      name: "refuse",
      run: async () => {
        throw new Error("not today");
      },
    };
    expect(await runWith([refuse])).toEqual(["job:error", "job:complete"]);
    expect(await listJobs(database.pool)).toMatchObject([{ attempts: 1, last_error: "not today" }]);
    await database.pool.query("update graphile_worker._private_jobs set run_at = now()");
    const forgive: Plugin = {
      name: "forgive",
      run: async (_request, next) => {
        await next().catch(() => {});
        return "completed";
      },
    };
    expect(await runWith([forgive], fail)).toEqual(["job:success", "job:complete"]);
    expect(await listJobs(database.pool)).toEqual([]);
  });

  test("that go wrong fail the attempt, and say whose fault it is", async () => {
    await addJob(database.pool, "note");
    await runWith([{ name: "lazy", run: async () => {} }]);
    const [job] = await listJobs(database.pool);
    expect(job?.last_error).toMatch(/plugin lazy neither called next/u);
  });
});

describe("settle interceptors", () => {
  test("turn a failure into a completion and a completion into a failure", async () => {
    const { pool } = database;
    await addJob(pool, "note");
    const forgive: Plugin = { name: "forgive", settle: async () => ({ kind: "completed" }) };
    expect(await runWith([forgive], fail)).toEqual(["job:success", "job:complete"]);
    expect(await listJobs(pool)).toEqual([]);
    await addJob(pool, "note");
    const error = new Error("second thoughts");
    const doubt: Plugin = {
      name: "doubt",
      settle: async (_r, next) => next({ kind: "failed", error }),
    };
    expect(await runWith([doubt])).toEqual(["job:error", "job:complete"]);
    expect(await listJobs(pool)).toMatchObject([{ attempts: 1, last_error: "second thoughts" }]);
  });

  test("that throw change nothing and are heard of", async () => {
    const broken: Plugin = {
      name: "broken",
      settle: async () => {
        throw new Error("oops");
      },
    };
    await addJob(database.pool, "note");
    expect(await runWith([broken])).toEqual(["plugin:error oops", "job:success", "job:complete"]);
    expect(await listJobs(database.pool)).toEqual([]);
  });

  test("that never end don't keep a worker from stopping", async () => {
    const { pool } = database;
    await addJob(pool, "note");
    let isAsked = false;
    const stuck: Plugin = {
      name: "stuck",
      settle: () => {
        isAsked = true;
        return new Promise(() => {});
      },
    };
    const worker = await startWorker({
      pool,
      handlers: handlersFor({ note: () => {} }),
      plugins: [stuck],
      shutdownTimeoutMs: 1,
      abortGraceMs: 1,
    });
    await until(() => isAsked);
    await worker.stop();
    expect(await listJobs(pool)).toEqual([]);
  });
});

describe("a handler", () => {
  test("adds jobs through the worker's plugins, in its transaction or outside", async () => {
    const { pool } = database;
    const mark: Plugin = {
      name: "mark",
      enqueue: (request, next) => next({ spec: { ...request.spec, priority: 9 } }),
    };
    await addJob(pool, "note");
    await runOnce({
      pool,
      plugins: [mark],
      handlers: handlersFor({
        note: async (_payload, ctx) => {
          const runAt = new Date(Date.now() + 3_600_000);
          await ctx.add(sendEmail, { ...email, subject: "pool" }, { runAt });
          await ctx.withTransaction((tx) =>
            tx.add(sendEmail, { ...email, subject: "tx" }, { runAt }),
          );
          const rolledBack = ctx.withTransaction(async (tx) => {
            await tx.add(sendEmail, { ...email, subject: "undone" }, { runAt });
            throw new Error("undo");
          });
          await expect(rolledBack).rejects.toThrow("undo");
        },
      }),
    });
    const { rows } = await pool.query(
      "select payload ->> 'subject' as subject, priority from graphile_worker._private_jobs order by id",
    );
    expect(rows).toEqual([
      { subject: "pool", priority: 9 },
      { subject: "tx", priority: 9 },
    ]);
  });

  test("is typed by the task that it adds to", () => {
    const add = (ctx: JobContext) => ctx.add(sendEmail, email);
    expectTypeOf(add).returns.resolves.toEqualTypeOf<Job<SendEmailPayload> | undefined>();
    // @ts-expect-error The payload lacks properties.
    const incomplete = (tx: JobTransaction) => tx.add(sendEmail, { to: "ada@example.com" });
    // @ts-expect-error The payload can't be left out.
    const without = (ctx: JobContext) => ctx.add(sendEmail);
    expectTypeOf(incomplete).toBeFunction();
    expectTypeOf(without).toBeFunction();
    definePartialHandlers({ send_email: (_payload, ctx) => ctx.add(sendEmail, email) });
  });
});

describe("listeners", () => {
  test("that throw, reject or never end harm nothing, even if the log fails too", async () => {
    const { pool } = database;
    await addJobs(pool, "note", 20);
    let runs = 0;
    const bad: Plugin = {
      name: "bad",
      on: {
        "pool:create": fail,
        "worker:getJob:start": () => Promise.reject(new Error("rejected")),
        "job:start": fail,
        "job:success": () => new Promise(() => {}),
        "job:complete": () => Promise.reject(new Error("rejected")),
        "pool:release": fail,
      },
    };
    const logger: Logger = { debug: fail, info: fail, warn: fail, error: fail };
    const handlers = handlersFor({ note: () => void (runs += 1) });
    await runOnce({ pool, handlers, logger, plugins: [bad] });
    expect(runs).toBe(20);
    expect(await listJobs(pool)).toEqual([]);
  });

  test("that fail are told to the log", async () => {
    const errors: unknown[] = [];
    const quiet = () => {};
    const logger: Logger = {
      debug: quiet,
      info: quiet,
      warn: quiet,
      error: (message, details) => void errors.push([message, details?.["event"]]),
    };
    const handlers = handlersFor({ note: quiet });
    const bad: Plugin = { name: "bad", on: { "pool:create": fail, "pool:start": fail } };
    await runOnce({ pool: database.pool, handlers, logger, plugins: [bad] });
    expect(errors).toEqual([
      ["A listener failed.", "pool:create"],
      ["A listener failed.", "pool:start"],
    ]);
  });

  test("of plugins are called in the plugins' order, before the option's", async () => {
    const order: string[] = [];
    const plugin = (name: string): Plugin => ({
      name,
      on: { "pool:release": () => void order.push(name) },
    });
    await runOnce({
      pool: database.pool,
      handlers: handlersFor({ note: () => {} }),
      plugins: [plugin("a"), plugin("b")],
      on: { "pool:release": () => void order.push("on") },
    });
    expect(order).toEqual(["a", "b", "on"]);
  });
});

test("a worker refuses plugins, listeners and loggers that can't work", async () => {
  const { pool } = database;
  const handlers = handlersFor({ note: () => {} });
  for (const wrong of [
    { plugins: {} },
    { plugins: [{}] },
    { plugins: [{ name: "x", run: "no" }] },
    { plugins: [{ name: "x", on: { "job:start": 1 } }] },
    { on: { "job:start": "no" } },
    { logger: { info: () => {} } },
  ]) {
    await expect(runOnce({ pool, handlers, ...(wrong as object) })).rejects.toMatchObject({
      code: "OPTION_INVALID",
    });
  }
});
