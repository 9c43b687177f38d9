import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import {
  completeJobs,
  getJob,
  listJobs,
  permanentlyFailJobs,
  removeJob,
  rescheduleJobs,
  retryJobs,
  runJobsNow,
  startWorker,
} from "../../src/index.js";
import { addJob, addJobs, handlersFor, until } from "../worker/support.js";
import { createQueues, later, schemas, type TestQueue, type TestQueues } from "./support.js";

let queues: TestQueues;
beforeAll(async () => {
  queues = await createQueues();
});
afterAll(() => queues.database.drop());

const missing = "9223372036854775807";

describe.each(schemas)("in schema %s", (schema) => {
  let queue: TestQueue;
  let db: TestQueue["pool"];
  const options = { schema };
  beforeAll(() => {
    queue = queues.in(schema);
    db = queue.pool;
  });
  beforeEach(() => queue.clear());

  const left = async () =>
    (await listJobs(db, { ...options, order: "oldest" })).jobs.map(({ id }) => id);
  /** Hears whether workers are told that there is something to do. */
  async function hear(act: () => Promise<unknown>): Promise<number> {
    const client = await db.connect();
    const heard: unknown[] = [];
    client.on("notification", (message) => heard.push(message.channel));
    await client.query('listen "jobs:insert"');
    await act();
    await client.query("select 1");
    client.release(true);
    return heard.length;
  }

  test("completing deletes jobs and tells which were left, and why", async () => {
    const free = await queue.add("a", { jobKey: "k" }, { n: 1 });
    const failed = await queue.add("a");
    const locked = await queue.add("a");
    const stale = await queue.add("a");
    await queue.fail(failed.id);
    await queue.lock(locked.id, "me", "3 hours 59 minutes");
    await queue.lock(stale.id, "me", "4 hours 1 minute");
    const ids = [missing, stale.id, locked.id, failed.id, free.id, free.id];
    const { jobs, skipped } = await completeJobs(db, ids, options);
    expect(jobs).toMatchObject([
      { id: free.id, key: "k", payload: { n: 1 }, state: "ready" },
      { id: failed.id, state: "failed" },
      { id: stale.id, state: "running" },
    ]);
    expect(skipped).toEqual([
      { id: missing, state: "missing" },
      { id: locked.id, state: "running" },
    ]);
    expect(await left()).toEqual([locked.id]);
    expect(await completeJobs(db, [], options)).toEqual({ jobs: [], skipped: [] });
  });

  test("failing for good keeps the job with a reason", async () => {
    const one = await queue.add("a", { maxAttempts: 3 });
    const other = await queue.add("a");
    const locked = await queue.add("a");
    await queue.lock(locked.id);
    const result = await permanentlyFailJobs(db, [one.id, locked.id], "not needed", options);
    expect(result).toMatchObject({
      jobs: [{ id: one.id, state: "failed", attempts: 3, lastError: "not needed" }],
      skipped: [{ id: locked.id, state: "running" }],
    });
    const { jobs } = await permanentlyFailJobs(db, [other.id], undefined, options);
    expect(jobs).toMatchObject([{ lastError: "Manually marked as failed", state: "failed" }]);
  });

  test("rescheduling changes what is given, zero too, and wakes the workers up", async () => {
    const runAt = later();
    const job = await queue.add("a", { priority: 5, maxAttempts: 3 });
    await queue.fail(job.id);
    const changed = async (reschedule: Parameters<typeof rescheduleJobs>[2]) =>
      (await rescheduleJobs(db, [job.id], { ...reschedule, schema })).jobs;
    expect(await changed({ runAt })).toMatchObject([
      { runAt, priority: 5, attempts: 3, maxAttempts: 3, state: "failed" },
    ]);
    expect(await changed({ priority: 0, attempts: 0, maxAttempts: 1 })).toMatchObject([
      { runAt, priority: 0, attempts: 0, maxAttempts: 1, state: "scheduled" },
    ]);
    expect(await hear(() => changed({ runAt: new Date(0) }))).toBe(1);
    await queue.lock(job.id);
    expect(await hear(() => changed({ priority: 1 }))).toBe(0);
    expect(await rescheduleJobs(db, [job.id], { priority: 1, schema })).toEqual({
      jobs: [],
      skipped: [{ id: job.id, state: "running" }],
    });
  });

  test("retrying makes failed jobs due with all their attempts, others keep theirs", async () => {
    const failed = await queue.add("a", { runAt: later() });
    const retrying = await queue.add("a", { runAt: later() });
    const scheduled = await queue.add("a", { runAt: later() });
    const ready = await queue.add("a");
    await queue.fail(failed.id);
    await queue.sql("update graphile_worker._private_jobs set attempts = 2 where id = $1", [
      retrying.id,
    ]);
    const ids = [failed, retrying, scheduled, ready].map(({ id }) => id);
    let result: Awaited<ReturnType<typeof retryJobs>> | undefined;
    const heard = await hear(async () => {
      result = await retryJobs(db, ids, options);
    });
    expect(heard).toBe(1);
    expect(result).toMatchObject({
      jobs: [
        { id: failed.id, state: "ready", attempts: 0, lastError: "oh no" },
        { id: retrying.id, state: "ready", attempts: 2 },
      ],
      skipped: [
        { id: scheduled.id, state: "scheduled" },
        { id: ready.id, state: "ready" },
      ],
    });
  });

  test("running now makes jobs due and lets due ones keep their place", async () => {
    const first = await queue.add("a");
    const scheduled = await queue.add("a", { runAt: later(), queueName: "q" });
    const failed = await queue.add("a");
    const running = await queue.add("a", { queueName: "q" });
    await queue.fail(failed.id);
    await queue.lock(running.id);
    const ids = [first, scheduled, failed, running].map(({ id }) => id);
    const { jobs, skipped } = await runJobsNow(db, ids, options);
    expect(jobs).toMatchObject([
      { id: first.id, state: "ready", runAt: first.runAt },
      { id: scheduled.id, state: "waiting", attempts: 0 },
    ]);
    expect(jobs[1]?.runAt.getTime()).toBeLessThan(later(0).getTime() + 1000);
    expect(skipped).toEqual([
      { id: failed.id, state: "failed" },
      { id: running.id, state: "running" },
    ]);
  });

  test("removing takes the job with a key away; one that runs loses key and retry", async () => {
    const { id } = await queue.add("a", { jobKey: "k" }, { n: 1 });
    expect(await removeJob(db, "none", options)).toBeUndefined();
    expect(await removeJob(db, "k", options)).toMatchObject({ id, key: "k", payload: { n: 1 } });
    expect(await left()).toEqual([]);
    const running = await queue.add("a", { jobKey: "k" });
    await queue.lock(running.id);
    expect(await removeJob(db, "k", options)).toMatchObject({
      id: running.id,
      key: null,
      state: "running",
      attempts: 25,
    });
    expect(await getJob(db, running.id, options)).toMatchObject({ lockedBy: "somebody" });
    expect(await removeJob(db, "k", options)).toBeUndefined();
  });

  test("thousands of jobs are changed in parts", async () => {
    await queue.add("a");
    await queue.sql(
      `insert into graphile_worker._private_jobs (task_id)
      select task_id from graphile_worker._private_jobs, generate_series(1, 2500)`,
    );
    const rows = await queue.sql<{ id: string }>("select id from graphile_worker._private_jobs");
    const ids = rows.map(({ id }) => id).toReversed();
    await queue.lock(ids[1200] ?? "");
    const { jobs, skipped } = await completeJobs(db, ids, options);
    expect(jobs).toHaveLength(2500);
    expect(skipped).toEqual([{ id: ids[1200], state: "running" }]);
    expect(jobs.map(({ id }) => Number(id))).toEqual(
      jobs.map(({ id }) => Number(id)).sort((a, b) => a - b),
    );
  });

  test("what can't be meant is refused, and nothing is changed", async () => {
    const { id } = await queue.add("a");
    const wrong = [
      () => completeJobs(db, ["x"], options),
      () => completeJobs(db, id as never, options),
      () => retryJobs(db, [Number(id)] as never, options),
      () => runJobsNow(db, ["-1"], options),
      () => permanentlyFailJobs(db, [id], "\0", options),
      () => rescheduleJobs(db, [id], options),
      () => rescheduleJobs(db, [id], { ...options, priority: 40_000 }),
      () => rescheduleJobs(db, [id], { ...options, attempts: -1 }),
      () => rescheduleJobs(db, [id], { ...options, maxAttempts: 0 }),
      () => rescheduleJobs(db, [id], { ...options, runAt: new Date("?") }),
      () => removeJob(db, "", options),
    ];
    for (const call of wrong) {
      await expect(call()).rejects.toMatchObject({ code: "OPTION_INVALID" });
    }
    await expect(
      rescheduleJobs(db, [id], { ...options, run_at: later() } as never),
    ).rejects.toThrow(/no option "run_at". Did you mean "runAt"/u);
    await expect(completeJobs(db, [id], { schema: "none" })).rejects.toMatchObject({
      code: "SCHEMA_MISSING",
    });
    expect(await getJob(db, id, options)).toMatchObject({ state: "ready", attempts: 0 });
  });

  test("in a transaction, changes are gone with it", async () => {
    const { id } = await queue.add("a");
    const client = await db.connect();
    await client.query("begin");
    expect(await completeJobs(client, [id], options)).toMatchObject({ jobs: [{ id }] });
    await client.query("rollback");
    client.release();
    expect(await left()).toEqual([id]);
  });
});

test("beside a worker, each job is either changed or run", async () => {
  const { database } = queues;
  const { pool, connectionString } = database;
  await queues.in("graphile_worker").clear();
  const ran: string[] = [];
  const handlers = handlersFor({ work: (_payload, { job }) => void ran.push(job.id) });
  await addJobs(pool, "work", 3000);
  const rows = await pool.query<{ id: string }>("select id from graphile_worker._private_jobs");
  const ids = rows.rows.map(({ id }) => id);
  await using worker = await startWorker({ connectionString, handlers, concurrency: 4 });
  const completed: string[] = [];
  // From the far end, towards the worker.
  for (const part of [2500, 2000, 1500, 1000, 500, 0].map((at) => ids.slice(at, at + 500))) {
    const { jobs } = await completeJobs(pool, part);
    completed.push(...jobs.map(({ id }) => id));
  }
  await until(async () => (await listJobs(pool, { limit: 1 })).jobs.length === 0);
  await worker.stop();
  expect(completed.length).toBeGreaterThan(0);
  expect(ran.length).toBeGreaterThan(0);
  expect([...completed, ...ran].sort()).toEqual([...ids].sort());
});

test("a worker runs at once what is retried", async () => {
  const { pool, connectionString } = queues.database;
  await queues.in("graphile_worker").clear();
  const handlers = handlersFor({ work: () => {} });
  await using worker = await startWorker({ connectionString, handlers, pollIntervalMs: 600_000 });
  const id = await addJob(pool, "work", { runAt: later() });
  await pool.query("update graphile_worker._private_jobs set attempts = max_attempts");
  expect(await retryJobs(pool, [id])).toMatchObject({ jobs: [{ id, state: "ready" }] });
  await until(async () => (await getJob(pool, id)) === undefined);
  await worker.stop();
});
