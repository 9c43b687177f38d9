import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import { startWorker } from "../../src/index.js";
import type { TestDatabase } from "../support/database.js";
import { addJob, countLocks, createQueue, Gate, handlersFor, listJobs, until } from "./support.js";

let database: TestDatabase;
beforeAll(async () => {
  database = await createQueue();
});
afterAll(() => database.drop());
beforeEach(() => database.pool.query("delete from graphile_worker._private_jobs"));

const pollIntervalMs = 20;

/** A worker with one job that runs until its signal aborts, or until `end` opens. */
async function startLong() {
  const { pool, connectionString } = database;
  const started = new Gate();
  const end = new Gate();
  const events: string[] = [];
  let signal: AbortSignal | undefined;
  const handlers = handlersFor({
    long: async (_, ctx) => {
      signal = ctx.signal;
      const aborted = new Promise<void>((_, reject) => {
        signal?.addEventListener("abort", () => reject(signal?.reason as Error));
      });
      started.open();
      await Promise.race([aborted, end.opened]);
    },
  });
  await addJob(pool, "long", { key: "k" });
  const worker = await startWorker({ connectionString, handlers, pollIntervalMs, workerId: "me" });
  worker.events.on("job:lost", () => void events.push("lost"));
  worker.events.on("job:error", () => void events.push("error"));
  worker.events.on("job:success", () => void events.push("success"));
  await started.opened;
  const cause = () => {
    const reason: unknown = signal?.reason;
    return (reason as { details?: { cause?: string } } | undefined)?.details?.cause;
  };
  return { worker, events, end, cause };
}

test("a job that was unlocked by force aborts, and its end changes nothing", async () => {
  const { pool } = database;
  const { worker, events, cause } = await startLong();
  await pool.query("update graphile_worker._private_jobs set run_at = now() + interval '1 hour'");
  await pool.query("select graphile_worker.force_unlock_workers(array['me'])");
  await until(() => events.includes("lost"));
  expect(cause()).toBe("lost");
  expect(await listJobs(pool)).toMatchObject([{ attempts: 1, last_error: null }]);
  await worker.stop();
});

test("a job that was removed through its key aborts, and is not tried again", async () => {
  const { pool } = database;
  const { worker, events, cause } = await startLong();
  await pool.query("select graphile_worker.remove_job('k')");
  await until(async () => (await countLocks(pool)) === 0);
  expect(cause()).toBe("removed");
  expect(events).toEqual(["error"]);
  expect(await listJobs(pool)).toMatchObject([{ attempts: 25, max_attempts: 25, key: null }]);
  await worker.stop();
});

test("a job that was removed aborts though a new job has its key by now", async () => {
  const { pool } = database;
  const { worker, cause } = await startLong();
  await pool.query("select graphile_worker.remove_job('k')");
  await addJob(pool, "other", { key: "k" });
  await until(async () => (await countLocks(pool)) === 0);
  expect(cause()).toBe("removed");
  await worker.stop();
});

test("a job that was replaced through its key runs to its end", async () => {
  const { pool } = database;
  const { worker, events, end, cause } = await startLong();
  await addJob(pool, "other", { key: "k" });
  await pool.query("delete from graphile_worker._private_jobs where key = 'k'");
  // Three claims: each comes at least a poll after the one before it, and so do the looks.
  let claims = 0;
  worker.events.on("worker:getJob:empty", () => void (claims += 1));
  await until(() => claims >= 3);
  expect(cause()).toBeUndefined();
  end.open();
  await until(() => events.includes("success"));
  await worker.stop();
});

test("a job that its handler's transaction completed isn't taken for lost while the handler goes on", async () => {
  const { pool, connectionString } = database;
  const end = new Gate();
  const events: string[] = [];
  let looks = 0;
  let isAborted: boolean | undefined;
  const handlers = handlersFor({
    long: async (_, ctx) => {
      await ctx.withTransaction((tx) => ctx.completeIn(tx));
      await end.opened;
      isAborted = ctx.signal.aborted;
    },
  });
  await addJob(pool, "long");
  const worker = await startWorker({ connectionString, handlers, pollIntervalMs });
  worker.events.on("job:lost", () => void events.push("lost"));
  worker.events.on("job:success", () => void events.push("success"));
  await until(async () => (await listJobs(pool)).length === 0);
  // Each claim comes at least a poll after the one before it, and so do the looks.
  worker.events.on("worker:getJob:empty", () => void (looks += 1));
  await until(() => looks >= 4);
  end.open();
  await until(() => events.length > 0);
  await worker.stop();
  expect(events).toEqual(["success"]);
  expect(isAborted).toBe(false);
});
