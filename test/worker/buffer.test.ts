import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { startWorker } from "../../src/index.js";
import { Moment } from "../../src/services/moment.js";
import { Buffer } from "../../src/worker/buffer.js";
import type { ClaimedJob } from "../../src/worker/claimed-job.js";
import type { TestDatabase } from "../support/database.js";
import { eventually } from "../support/wait.js";
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
beforeEach(async () => {
  database = await createQueue();
});
afterEach(() => database.drop());

test("slow jobs are shared evenly: nobody holds more than it runs, whatever it ran before", async () => {
  const { pool } = database;
  const gate = new Gate();
  const slow = new Map<string | null, number>();
  const handlers = handlersFor({
    fast: () => {},
    slow: async (_payload, { job }) => {
      slow.set(job.lockedBy, (slow.get(job.lockedBy) ?? 0) + 1);
      await gate.opened;
    },
  });
  await using first = await startWorker({ pool, handlers, workerId: "first" });
  await addJobs(pool, "slow", 20);
  await eventually(() => slow.get("first") === 10);
  await using second = await startWorker({ pool, handlers, workerId: "second" });
  await eventually(() => slow.get("second") === 10);
  expect(await countLocks(pool)).toBe(20);
  gate.open();
  await eventually(async () => (await listJobs(pool)).length === 0);
  await Promise.all([first.stop(), second.stop()]);
});

test("a burst of fast jobs fills large claims", async () => {
  const { pool } = database;
  const sizes: number[] = [];
  await addJobs(pool, "fast", 3000);
  await using worker = await startWorker({
    pool,
    handlers: handlersFor({ fast: () => {} }),
    concurrency: 4,
    on: { "localQueue:getJobs:complete": ({ count }) => void sizes.push(count) },
  });
  await eventually(async () => (await listJobs(pool)).length === 0);
  await worker.stop();
  expect(sizes[0]).toBe(4);
  expect(Math.max(...sizes)).toBeGreaterThan(100);
});

test("the buffer's size can be fixed", async () => {
  const { pool } = database;
  const gate = new Gate();
  await addJobs(pool, "slow", 20);
  await using worker = await startWorker({
    pool,
    handlers: handlersFor({ slow: () => gate.opened }),
    concurrency: 2,
    bufferSize: 5,
    bufferTimeoutMs: 600_000,
  });
  await eventually(async () => (await countLocks(pool)) === 7);
  gate.open();
  await eventually(async () => (await listJobs(pool)).length === 0);
  await worker.stop();
});

test("jobs that wait too long go back, their attempt uncounted, and aren't claimed again at once", async () => {
  const { pool } = database;
  const gate = new Gate();
  let claims = 0;
  await addJobs(pool, "slow", 6);
  await using worker = await startWorker({
    pool,
    handlers: handlersFor({ slow: () => gate.opened }),
    concurrency: 1,
    bufferSize: 3,
    bufferTimeoutMs: 50,
    pollIntervalMs: 10,
    on: { "localQueue:getJobs:complete": () => void (claims += 1) },
  });
  await eventually(async () => (await countLocks(pool)) === 1);
  const jobs = await listJobs(pool);
  expect(jobs.filter(({ locked_by }) => locked_by === null)).toHaveLength(5);
  expect(jobs.filter(({ attempts }) => attempts === 0)).toHaveLength(5);
  expect(claims).toBe(1);
  gate.open();
  await eventually(async () => (await listJobs(pool)).length === 0);
  await worker.stop();
});

test("a job that waited too long goes back instead of starting, though no timer could fire", async () => {
  const { pool } = database;
  const steps: string[] = [];
  const first = await addJob(pool, "slow");
  const second = await addJob(pool, "slow");
  const handlers = handlersFor({
    slow: (_payload, { job }) => {
      steps.push(`start ${job.id}`);
      if (job.id !== first) return;
      const endMs = performance.now() + 400;
      // As a process that is suspended: not even the buffer's own timer fires.
      while (performance.now() < endMs);
    },
  });
  await using worker = await startWorker({
    pool,
    handlers,
    concurrency: 1,
    bufferSize: 1,
    bufferTimeoutMs: 200,
    pollIntervalMs: 600_000,
    on: { "localQueue:returnJobs": ({ count }) => void steps.push(`return ${count}`) },
  });
  await eventually(async () => (await listJobs(pool)).length === 0);
  await worker.stop();
  expect(steps).toEqual([`start ${first}`, "return 1", `start ${second}`]);
});

test("a job's age counts the time in which the machine slept", () => {
  const moment = new Moment();
  vi.spyOn(Date, "now").mockReturnValue(Date.now() + 3_600_000);
  expect(moment.ageMs()).toBeGreaterThan(3_500_000);
  // A clock that was set back makes nothing younger.
  vi.spyOn(Date, "now").mockReturnValue(0);
  expect(moment.ageMs()).toBeGreaterThanOrEqual(0);
  vi.restoreAllMocks();
});

test("more jobs than a call can have arguments fit into the buffer, first come first served", async () => {
  const buffer = new Buffer({ timeoutMs: 600_000, giveBack: () => {} });
  const jobs = Array.from({ length: 300_000 }, (_, n) => ({
    id: `${n}`,
    claimedAtMs: n,
    ageMs: () => n,
  }));
  buffer.add(jobs as unknown as readonly ClaimedJob[]);
  expect(buffer.size).toBe(jobs.length);
  expect(buffer.take(new Moment())?.id).toBe("0");
  await buffer.stop();
  expect(buffer.size).toBe(0);
});
