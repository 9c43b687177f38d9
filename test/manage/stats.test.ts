import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { getStats, listJobs, pauseQueue, pauseTask, type JobState } from "../../src/index.js";
import { createQueues, schemas, type TestQueue, type TestQueues } from "./support.js";

let queues: TestQueues;
beforeAll(async () => {
  queues = await createQueues();
});
afterAll(() => queues.database.drop());

describe.each(schemas)("in schema %s", (schema) => {
  let queue: TestQueue;
  let db: TestQueue["pool"];
  const options = { schema };
  beforeAll(() => {
    queue = queues.in(schema);
    db = queue.pool;
  });
  beforeEach(() => queue.clear());

  test("stats of an empty queue are zeros", async () => {
    expect(await getStats(db, options)).toEqual({
      states: { ready: 0, waiting: 0, scheduled: 0, retrying: 0, running: 0, failed: 0 },
      total: 0,
      oldestDueAt: null,
      oldestDueAgeMs: null,
      tasks: {},
    });
  });

  test("stats count each job in the state that a list gives it", async () => {
    for (let n = 0; n < 40; n++) await queue.add("abc"[n % 3] ?? "a");
    await queue.sql(`
      insert into graphile_worker._private_job_queues (queue_name)
      select 'q' || n from generate_series(1, 6) as n`);
    await queue.sql(`
      update graphile_worker._private_jobs set
        job_queue_id = case when id % 4 > 0 then (
          select min(id) from graphile_worker._private_job_queues
        ) + id % 6 end,
        attempts = case id % 7 when 0 then 25 when 1 then 3 else 0 end,
        run_at = now() + (id % 5 - 2) * interval '10 minutes'`);
    await queue.sql(`
      update graphile_worker._private_jobs set locked_at = now(), locked_by = 'x' where id % 11 = 0`);
    await queue.sql(`
      update graphile_worker._private_job_queues set locked_at = now(), locked_by = 'x'
      where id % 3 = 0`);
    const runs = await queue.add("c", { queueName: "busy" });
    await queue.add("c", { queueName: "busy" });
    await queue.lock(runs.id);
    await pauseTask(db, "b", options);
    await pauseQueue(db, "q5", options);
    const { jobs } = await listJobs(db, { ...options, limit: 1000 });
    const stats = await getStats(db, options);
    expect(stats.total).toBe(42);
    const count = (state: string, task?: string) =>
      jobs.filter((job) => job.state === state && (task ?? job.task) === job.task).length;
    for (const [state, counted] of Object.entries(stats.states)) {
      expect([state, counted]).toEqual([state, count(state)]);
      expect(counted).toBeGreaterThan(0);
      for (const [task, ofTask] of Object.entries(stats.tasks)) {
        expect(ofTask.states[state as JobState]).toBe(count(state, task));
      }
    }
    expect(Object.keys(stats.tasks)).toEqual(["a", "b", "c"]);
    const due = jobs.filter(({ state }) => state === "ready" || state === "waiting");
    const oldest = Math.min(...due.map(({ runAt }) => runAt.getTime()));
    expect(stats.oldestDueAt?.getTime()).toBe(oldest);
    expect(stats.oldestDueAgeMs).toBeGreaterThan(20 * 60_000 - 1);
    expect(stats.oldestDueAgeMs).toBeLessThan(30 * 60_000);
  });

  test("tasks without a due job have no oldest one", async () => {
    const failed = await queue.add("failed");
    await queue.sql(`
      update graphile_worker._private_jobs set attempts = max_attempts where id = ${failed.id}`);
    await queue.add("later", { runAt: new Date(Date.now() + 3_600_000) });
    const stats = await getStats(db, options);
    const none = { oldestDueAt: null, oldestDueAgeMs: null };
    expect(stats).toMatchObject({ ...none, tasks: { failed: none, later: none } });
    await queue.add("due");
    const { tasks, oldestDueAgeMs } = await getStats(db, options);
    expect(tasks).toMatchObject({ failed: none, later: none });
    expect(oldestDueAgeMs).toBe(tasks["due"]?.oldestDueAgeMs);
  });

  test("stats measure what came and went", async () => {
    for (let n = 0; n < 5; n++) await queue.add("a");
    let samples = 0;
    // What happens between the two samples.
    const busy = {
      query: async (text: string, values: unknown[]) => {
        const result = await db.query(text, values);
        if (text.includes("last_value") && samples++ === 0) {
          for (let n = 0; n < 7; n++) await queue.add("b");
          await queue.sql(`delete from graphile_worker._private_jobs where id in (
            select id from graphile_worker._private_jobs order by id limit 3)`);
        }
        return result;
      },
    };
    const { rates, total } = await getStats(busy, { ...options, ratesOverMs: 50 });
    const { addedPerSecond = 0, finishedPerSecond = 0, overMs = 0 } = rates ?? {};
    expect(total).toBe(9);
    expect(overMs).toBeGreaterThanOrEqual(49);
    expect((addedPerSecond * overMs) / 1000).toBeCloseTo(7);
    expect((finishedPerSecond * overMs) / 1000).toBeCloseTo(3);
  });

  test("stats that are measured can be given up", async () => {
    const signal = AbortSignal.timeout(20);
    await expect(getStats(db, { ...options, ratesOverMs: 60_000, signal })).rejects.toThrow();
    await expect(getStats(db, { ...options, ratesOverMs: 0 })).rejects.toMatchObject({
      code: "OPTION_INVALID",
    });
  });
});
