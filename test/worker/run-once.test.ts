import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import { pauseQueue, pauseTask, runOnce, startWorker } from "../../src/index.js";
import type { TestDatabase } from "../support/database.js";
import {
  addJob,
  addJobs,
  countLocks,
  createQueue,
  Gate,
  handlersFor,
  listJobs,
} from "./support.js";

let database: TestDatabase;
beforeAll(async () => {
  database = await createQueue();
});
afterAll(() => database.drop());
beforeEach(() => database.pool.query("delete from graphile_worker._private_jobs"));

/** Ends when it is told to, and not before. */
const untilAborted = (signal: AbortSignal) =>
  new Promise<never>((_resolve, reject) => {
    signal.addEventListener("abort", () => reject(signal.reason as Error), { once: true });
  });

test("a run that drained what is due says what became of it", async () => {
  const { pool } = database;
  await addJobs(pool, "work", 5, { queue: "q" });
  await addJob(pool, "fail");
  await addJob(pool, "commit");
  const handlers = handlersFor({
    work: () => {},
    fail: () => Promise.reject(new Error("no")),
    commit: (_, ctx) => ctx.withTransaction((tx) => ctx.completeIn(tx)),
  });
  const summary = await runOnce({ pool, handlers });
  expect(summary).toEqual({ endedBy: "drained", completed: 6, failed: 1, returned: 0, lost: 0 });
});

test("at its deadline a run claims no more, and what runs has time to end", async () => {
  const { pool } = database;
  await addJobs(pool, "work", 3);
  const gate = new Gate();
  const summary = await runOnce({
    pool,
    handlers: handlersFor({ work: () => gate.opened }),
    concurrency: 1,
    deadlineMs: 200,
    shutdownTimeoutMs: 2 ** 31 - 1,
    on: { "pool:gracefulShutdown": () => gate.open() },
  });
  expect(summary).toMatchObject({ endedBy: "deadline", completed: 1, returned: 0, lost: 0 });
  expect(await listJobs(pool)).toMatchObject([{ attempts: 0 }, { attempts: 0 }]);
  expect(await countLocks(pool)).toBe(0);
});

test("what doesn't end in time is aborted and given back, as is what was claimed ahead", async () => {
  const { pool } = database;
  await addJobs(pool, "work", 5);
  const summary = await runOnce({
    pool,
    handlers: handlersFor({ work: (_, { signal }) => untilAborted(signal) }),
    concurrency: 2,
    bufferSize: 3,
    bufferTimeoutMs: 2 ** 31 - 1,
    deadlineMs: 300,
    shutdownTimeoutMs: 0,
  });
  expect(summary).toEqual({ endedBy: "deadline", completed: 0, failed: 0, returned: 5, lost: 0 });
  expect(new Set((await listJobs(pool)).map(({ attempts }) => attempts))).toEqual(new Set([0]));
  expect(await countLocks(pool)).toBe(0);
});

test("a deadline that has passed when the run is ready leaves everything alone", async () => {
  const { pool } = database;
  await addJob(pool, "work");
  let claims = 0;
  const summary = await runOnce({
    pool,
    handlers: handlersFor({ work: () => {} }),
    deadlineMs: 0,
    on: { "worker:getJob:start": () => (claims += 1) },
  });
  expect(summary).toEqual({ endedBy: "deadline", completed: 0, failed: 0, returned: 0, lost: 0 });
  expect(claims).toBe(0);
  expect(await listJobs(pool)).toMatchObject([{ attempts: 0 }]);
});

test("an abort of its signal ends a run as a stop does", async () => {
  const { pool } = database;
  await addJobs(pool, "work", 2);
  const controller = new AbortController();
  const handlers = handlersFor({
    work: (_, { signal }) => {
      controller.abort();
      return untilAborted(signal);
    },
  });
  const options = { pool, handlers, signal: controller.signal, concurrency: 1 };
  const summary = await runOnce({ ...options, deadlineMs: 2 ** 31 - 1, shutdownTimeoutMs: 0 });
  expect(summary).toMatchObject({ endedBy: "stop", completed: 0, returned: 1 });
  expect(await countLocks(pool)).toBe(0);
});

test("a job that others took away meanwhile counts as lost", async () => {
  const { pool } = database;
  await addJob(pool, "work");
  const handlers = handlersFor({
    work: () => pool.query("delete from graphile_worker._private_jobs"),
  });
  const summary = await runOnce({ pool, handlers });
  expect(summary).toEqual({ endedBy: "drained", completed: 0, failed: 0, returned: 0, lost: 1 });
});

test("a deadline that is no time is refused, and a worker has none", async () => {
  const { pool } = database;
  const handlers = handlersFor({ work: () => {} });
  for (const deadlineMs of [-1, NaN, "5s"]) {
    await expect(runOnce({ pool, handlers, deadlineMs: deadlineMs as number })).rejects.toThrow(
      expect.objectContaining({ code: "OPTION_INVALID" }),
    );
  }
  const misspelt = { pool, handlers, deadlinMs: 1 };
  await expect(runOnce(misspelt)).rejects.toThrow(/deadlineMs/u);
  const refused = { pool, handlers, deadlineMs: 1 };
  await expect(startWorker(refused)).rejects.toMatchObject({ code: "OPTION_UNKNOWN" });
});

/** So many jobs of a busy queue stand first that a claim has to look from queue to queue. */
async function addBacklog(count: number): Promise<void> {
  const { pool } = database;
  await addJobs(pool, "work", count, { queue: "busy" });
  await pool.query(
    `update graphile_worker._private_jobs set priority = -1;
    update graphile_worker._private_job_queues set locked_at = now(), locked_by = 'other'
    where queue_name = 'busy'`,
  );
}

const freeQueues = () =>
  database.pool.query(
    "update graphile_worker._private_job_queues set locked_at = null, locked_by = null",
  );

test("a run whose due jobs wait behind a queue that another worker holds is blocked, not drained", async () => {
  const { pool } = database;
  await addJobs(pool, "work", 3, { queue: "busy" });
  await addBacklog(0);
  await addJob(pool, "work", { queue: "free" });
  const handlers = handlersFor({ work: () => {} });
  expect(await runOnce({ pool, handlers })).toMatchObject({ endedBy: "blocked", completed: 1 });
  await freeQueues();
  expect(await runOnce({ pool, handlers })).toMatchObject({ endedBy: "drained", completed: 3 });
});

test("a run goes on with a queue that comes free while it looks", async () => {
  const { pool } = database;
  await addBacklog(2);
  let empty = 0;
  const summary = await runOnce({
    pool,
    handlers: handlersFor({ work: () => {} }),
    on: { "worker:getJob:empty": () => void ((empty += 1) === 2 && void freeQueues()) },
  });
  expect(summary).toMatchObject({ endedBy: "drained", completed: 2 });
});

test.each([{ queue: "q" }, {}])(
  "a run whose due job is locked by an open transaction is blocked (%o)",
  async (spec) => {
    const { pool } = database;
    await addJob(pool, "work", spec);
    const holder = await pool.connect();
    await holder.query("begin");
    await holder.query("select from graphile_worker._private_jobs for update");
    const summary = await runOnce({ pool, handlers: handlersFor({ work: () => {} }) });
    await holder.query("rollback");
    holder.release();
    expect(summary).toMatchObject({ endedBy: "blocked", completed: 0 });
  },
);

test("a run whose task has no slot left in the fleet is blocked", async () => {
  const { pool } = database;
  await addJobs(pool, "work", 2);
  const started = new Gate();
  const gate = new Gate();
  const taskLimits = { work: { fleet: 1 } };
  await using worker = await startWorker({
    pool,
    taskLimits,
    handlers: handlersFor({
      work: () => {
        started.open();
        return gate.opened;
      },
    }),
  });
  await started.opened;
  const handlers = handlersFor({ work: () => {} });
  expect(await runOnce({ pool, taskLimits, handlers })).toMatchObject({ endedBy: "blocked" });
  gate.open();
  await worker.stop();
  await runOnce({ pool, taskLimits, handlers });
  expect(await listJobs(pool)).toEqual([]);
});

test("paused jobs, those behind them, and those of others don't keep a run from being drained", async () => {
  const { pool } = database;
  await addJob(pool, "paused", { queue: "a" });
  await addJob(pool, "work", { queue: "a" });
  await addJob(pool, "work", { queue: "b" });
  await addJob(pool, "work", { flags: ["no"] });
  await addJob(pool, "work", { runAt: new Date(Date.now() + 3_600_000) });
  await addJob(pool, "unknown");
  await pauseTask(pool, "paused");
  await pauseQueue(pool, "b");
  const handlers = handlersFor({ work: () => {}, paused: () => {} });
  const summary = await runOnce({ pool, handlers, forbiddenFlags: ["no"] });
  await pool.query("delete from graphile_worker.taskwright_pauses");
  expect(summary).toMatchObject({ endedBy: "drained", completed: 0 });
});

test("a run ends though a long backlog is busy and hundreds of queues hold jobs for later", async () => {
  const { pool } = database;
  await addBacklog(300);
  await addJobs(pool, "work", 400, { queue: "later%", queues: 400 });
  await pool.query(
    "update graphile_worker._private_jobs set run_at = now() + interval '1 hour' where priority = 0",
  );
  const handlers = handlersFor({ work: () => {} });
  expect(await runOnce({ pool, handlers })).toMatchObject({ endedBy: "blocked", completed: 0 });
  await pool.query("delete from graphile_worker._private_jobs where priority = -1");
  expect(await runOnce({ pool, handlers })).toMatchObject({ endedBy: "drained", completed: 0 });
});

test("a deadline ends a run that looks for jobs to come free", async () => {
  const { pool } = database;
  await addBacklog(2);
  const handlers = handlersFor({ work: () => {} });
  const summary = await runOnce({ pool, handlers, deadlineMs: 100 });
  expect(summary).toMatchObject({ endedBy: "deadline", completed: 0 });
});

test("a run whose worker can't be forgotten in time says what became of its jobs all the same", async () => {
  const { pool } = database;
  await addJob(pool, "work");
  const locker = await pool.connect();
  const errors: string[] = [];
  try {
    const summary = await runOnce({
      pool,
      handlers: handlersFor({
        work: async () => {
          await locker.query("begin; lock table graphile_worker._private_workers in share mode");
        },
      }),
      settleTimeoutMs: 1,
      on: { "heartbeat:error": ({ error }) => void errors.push(error.message) },
    });
    expect(summary).toMatchObject({ endedBy: "drained", completed: 1, lost: 0 });
    expect(errors).toHaveLength(1);
  } finally {
    await locker.query("rollback");
    locker.release();
  }
});
