import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import {
  forceUnlockWorkers,
  getStats,
  listJobs,
  listQueues,
  listWorkers,
  pauseQueue,
  pauseTask,
  startWorker,
  sweep,
  type JobState,
} from "../../src/index.js";
import { addJob, Gate, handlersFor, until } from "../worker/support.js";
import { createQueues, later, schemas, type TestQueue, type TestQueues } from "./support.js";

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

  const register = (id: string, silentSeconds: number, metadata: object | null = null) =>
    queue.sql(
      `insert into graphile_worker._private_workers (id, last_heartbeat_at, metadata)
      values ($1, now() - $2 * interval '1 second', $3)`,
      [id, silentSeconds, metadata],
    );

  describe("queues", () => {
    test("are told with their jobs, their lock and their pause", async () => {
      const first = await queue.add("a", { queueName: "busy" });
      const second = await queue.add("a", { queueName: "busy" });
      const failed = await queue.add("a", { queueName: "busy" });
      await queue.add("a", { queueName: "later", runAt: later() });
      await queue.add("a");
      await queue.lock(first.id, "me");
      await queue.fail(failed.id);
      await pauseQueue(db, "later", options);
      expect(await listQueues(db, options)).toEqual({
        queues: [
          {
            name: "busy",
            jobs: 3,
            due: 1,
            failed: 1,
            oldestDueAt: second.runAt,
            lockedBy: "me",
            lockedAt: expect.any(Date),
            isPaused: false,
          },
          {
            name: "later",
            jobs: 1,
            due: 0,
            failed: 0,
            oldestDueAt: null,
            lockedBy: null,
            lockedAt: null,
            isPaused: true,
          },
        ],
        nextCursor: null,
      });
    });

    test("come in pages by name, those without jobs too, and can be searched", async () => {
      const names = ["a", "b", "c", "d", "Cc"];
      for (const queueName of names) await queue.add("a", { queueName });
      await queue.sql("delete from graphile_worker._private_jobs");
      const seen: string[] = [];
      let cursor: string | undefined;
      do {
        const page = await listQueues(db, {
          ...options,
          limit: 2,
          ...(cursor === undefined ? {} : { cursor }),
        });
        seen.push(...page.queues.map(({ name }) => name));
        cursor = page.nextCursor ?? undefined;
      } while (cursor !== undefined);
      expect(seen).toHaveLength(5);
      expect(new Set(seen)).toEqual(new Set(names));
      const found = await listQueues(db, { ...options, search: "C" });
      expect(new Set(found.queues.map(({ name }) => name))).toEqual(new Set(["c", "Cc"]));
      await expect(listQueues(db, { ...options, cursor: "b" })).rejects.toMatchObject({
        code: "OPTION_INVALID",
      });
    });
  });

  describe("workers", () => {
    test("are those that registered and those that hold locks", async () => {
      await register("ours", 20, { client: "taskwright", sweepThresholdMs: 35_000 });
      await register("overdue", 40, { sweepThresholdMs: 35_000 });
      await register("rust", 40);
      const one = await queue.add("a", { queueName: "q" });
      const two = await queue.add("a");
      await queue.lock(one.id, "node", "1 hour");
      await queue.lock(two.id, "ours");
      const workers = await listWorkers(db, options);
      expect(new Map(workers.map((worker) => [worker.id, worker]))).toEqual(
        new Map([
          [
            "ours",
            {
              id: "ours",
              isRegistered: true,
              startedAt: expect.any(Date),
              lastHeartbeatAt: expect.any(Date),
              isOverdue: false,
              metadata: { client: "taskwright", sweepThresholdMs: 35_000 },
              jobs: 1,
              queues: 0,
              oldestLockAt: expect.any(Date),
            },
          ],
          ["overdue", expect.objectContaining({ isOverdue: true, jobs: 0, oldestLockAt: null })],
          ["rust", expect.objectContaining({ isOverdue: false, metadata: null })],
          [
            "node",
            {
              id: "node",
              isRegistered: false,
              startedAt: null,
              lastHeartbeatAt: null,
              isOverdue: false,
              metadata: null,
              jobs: 1,
              queues: 1,
              oldestLockAt: expect.any(Date),
            },
          ],
        ]),
      );
      expect(workers[0]?.id).toBe("node");
    });

    test("lose their locks when forced, and the jobs keep their attempts", async () => {
      const one = await queue.add("a", { queueName: "q" });
      const two = await queue.add("a");
      const other = await queue.add("a");
      await queue.lock(one.id, "dead");
      await queue.lock(two.id, "gone");
      await queue.lock(other.id, "alive");
      const { jobIds, queueNames } = await forceUnlockWorkers(db, ["dead", "gone", "x"], options);
      expect(new Set(jobIds)).toEqual(new Set([one.id, two.id]));
      expect(queueNames).toEqual(["q"]);
      const { jobs } = await listJobs(db, { ...options, order: "oldest" });
      expect(jobs).toMatchObject([
        { state: "ready", attempts: 1 },
        { state: "ready", attempts: 1 },
        { state: "running", lockedBy: "alive" },
      ]);
      expect(await forceUnlockWorkers(db, [], options)).toEqual({ jobIds: [], queueNames: [] });
    });

    test("that are dead are swept up after, on a pool or in a transaction", async () => {
      await register("dead", 60, { sweepThresholdMs: 35_000 });
      const { id } = await queue.add("a", { queueName: "q", priority: 4 });
      await queue.lock(id, "dead");
      const seen: unknown[] = [];
      const client = await db.connect();
      await client.query("begin");
      const result = await sweep(client, {
        ...options,
        hook: (job) => {
          seen.push(job);
          return "recover";
        },
      });
      expect(result).toEqual({
        swept: true,
        deadWorkerIds: ["dead"],
        recoveredJobIds: [id],
        hookErrors: [],
      });
      expect(seen).toMatchObject([{ id, task: "a", queueName: "q", priority: 4, attempts: 1 }]);
      await client.query("rollback");
      await expect(sweep(client, options)).rejects.toMatchObject({ code: "OPTION_INVALID" });
      client.release();
      expect(await sweep(db, options)).toMatchObject({ recoveredJobIds: [id] });
      expect(await listWorkers(db, options)).toEqual([]);
      await expect(sweep(db, { heartbeatIntervalMs: 1 } as never)).rejects.toMatchObject({
        code: "OPTION_UNKNOWN",
      });
      await expect(sweep(db, { ...options, recoveryDelayMs: -1 })).rejects.toMatchObject({
        code: "OPTION_INVALID",
      });
    });
  });

  describe("stats", () => {
    test("of an empty queue are zeros", async () => {
      expect(await getStats(db, options)).toEqual({
        states: { ready: 0, waiting: 0, scheduled: 0, retrying: 0, running: 0, failed: 0 },
        total: 0,
        oldestDueAt: null,
        oldestDueAgeMs: null,
        tasks: {},
      });
    });

    test("count each job in the state that a list gives it", async () => {
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
      await pauseTask(db, "b", options);
      await pauseQueue(db, "q5", options);
      const { jobs } = await listJobs(db, { ...options, limit: 1000 });
      const stats = await getStats(db, options);
      expect(stats.total).toBe(40);
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

    test("measure what came and went", async () => {
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

    test("that are measured can be given up", async () => {
      const signal = AbortSignal.timeout(20);
      await expect(getStats(db, { ...options, ratesOverMs: 60_000, signal })).rejects.toThrow();
      await expect(getStats(db, { ...options, ratesOverMs: 0 })).rejects.toMatchObject({
        code: "OPTION_INVALID",
      });
    });
  });
});

test("a worker that lost its locks by force changes nothing any more", async () => {
  const { pool, connectionString } = queues.database;
  await queues.in("graphile_worker").clear();
  const [started, gate] = [new Gate(), new Gate()];
  let runs = 0;
  const handlers = handlersFor({
    work: async () => {
      runs += 1;
      if (runs > 1) throw new Error("the second run failed");
      started.open();
      await gate.opened;
    },
  });
  await using worker = await startWorker({ connectionString, handlers, pollIntervalMs: 600_000 });
  const id = await addJob(pool, "work", { queue: "q" });
  await started.opened;
  expect(await listWorkers(pool)).toMatchObject([
    { id: worker.id, isRegistered: true, jobs: 1, queues: 1 },
  ]);
  expect(await forceUnlockWorkers(pool, [worker.id])).toEqual({ jobIds: [id], queueNames: ["q"] });
  await until(async () => (await listJobs(pool, { state: "retrying" })).jobs.length === 1);
  gate.open();
  await worker.stop();
  expect((await listJobs(pool)).jobs).toMatchObject([
    { id, attempts: 2, lastError: "the second run failed", lockedBy: null },
  ]);
});
