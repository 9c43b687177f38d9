import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import { startWorker, type WorkerEvent, type WorkerOptions } from "../../src/index.js";
import { WorkerEvents } from "../../src/events.js";
import type { ClaimedJob } from "../../src/worker/claimed-job.js";
import { LoopWatch } from "../../src/worker/loop-watch.js";
import type { TestDatabase } from "../support/database.js";
import { compute } from "./isolated/handlers.js";
import { startIsolated, TestLog } from "./isolated/support.js";
import { addJob, createQueue, handlersFor, until } from "./support.js";

type Blocked = WorkerEvent<"eventLoop:blocked">;

let database: TestDatabase;

beforeAll(async () => {
  database = await createQueue();
});

afterAll(() => database.drop());

beforeEach(async () => {
  await database.pool.query("delete from graphile_worker._private_jobs");
});

/** Starts a worker and returns what it says of the first block during which these tasks ran. */
async function firstBlock(tasks: readonly string[], options: Partial<WorkerOptions> = {}) {
  const logger = new TestLog();
  let tell: (event: Blocked) => void = () => {};
  const told = new Promise<Blocked>((resolve) => {
    tell = resolve;
  });
  const worker = await startWorker({
    connectionString: database.connectionString,
    logger,
    blockedLoopMs: 100,
    handlers: handlersFor({
      compute: ({ ms }) => compute(Number(ms)),
      /** Runs while others compute. */
      wait: (_payload, { signal, log }) =>
        new Promise((resolve) => {
          signal.addEventListener("abort", resolve);
          log.info("waits");
        }),
    }),
    shutdownTimeoutMs: 0,
    ...options,
    on: {
      "eventLoop:blocked": (event) => {
        const ran = new Set(event.jobs.map(({ task }) => task));
        if (ran.size === tasks.length && tasks.every((task) => ran.has(task))) tell(event);
      },
    },
  });
  return { worker, logger, told };
}

test("a handler that computes is named, though it has ended when the loop goes on", async () => {
  const { worker, logger, told } = await firstBlock(["compute"], { concurrency: 1 });
  await addJob(database.pool, "compute", { payload: { ms: 300 } });
  const { blockedMs, endangersWorker } = await told;
  expect(blockedMs).toBeGreaterThanOrEqual(300);
  expect(endangersWorker).toBe(false);
  await worker.stop();
  const line = logger.find("The event loop was blocked").at(-1);
  expect(line?.message).toContain("These tasks ran meanwhile: compute.");
  expect(line?.message).toContain('"isolate": true');
  expect(line?.message).not.toContain("declare this one dead");
});

test("jobs that run beside it are named, too", async () => {
  const { worker, logger, told } = await firstBlock(["wait", "compute"], { concurrency: 2 });
  await addJob(database.pool, "wait");
  await logger.says("waits");
  await addJob(database.pool, "compute", { payload: { ms: 300 } });
  expect((await told).blockedMs).toBeGreaterThanOrEqual(100);
  await worker.stop();
});

test("near the heartbeat's threshold the log says that the worker may be declared dead", async () => {
  const { worker, logger, told } = await firstBlock(["compute"], {
    recovery: { heartbeatIntervalMs: 100, sweepThresholdMs: 400 },
  });
  await addJob(database.pool, "compute", { payload: { ms: 250 } });
  expect((await told).endangersWorker).toBe(true);
  await worker.stop();
  expect(logger.find("The event loop was blocked").at(-1)?.message).toContain(
    "declare this one dead",
  );
});

test("without a job that ran, the log says to look elsewhere", async () => {
  const { worker, logger, told } = await firstBlock([]);
  compute(300);
  await told;
  await worker.stop();
  expect(logger.find("The event loop was blocked").at(-1)?.message).toContain("other code");
});

/** A look of its own, without the timer. */
function watch(running: readonly string[] = []) {
  const told: Blocked[] = [];
  const events = new WorkerEvents("me", () => {});
  events.on("eventLoop:blocked", (event) => told.push(event));
  const loopWatch = new LoopWatch({
    thresholdMs: 1000,
    recovery: undefined,
    events,
    running: () => running.map(toJob),
    isIsolated: (task) => task === "isolated",
  });
  return { loopWatch, told, tasks: () => told[0]?.jobs.map(({ task }) => task) };
}

const toJob = (task: string) => ({ task, job: { task } }) as ClaimedJob;

test("short handlers in a row that block together are named, very short and isolated ones not", () => {
  const { loopWatch, tasks } = watch(["waiting", "isolated"]);
  compute(1000);
  loopWatch.onFinished(toJob("short"), 50);
  loopWatch.onFinished(toJob("very_short"), 49);
  loopWatch.onFinished(toJob("isolated"), 1000);
  loopWatch.look();
  expect(tasks()).toEqual(["short", "waiting"]);
});

test("what has ended before the last look is not named", () => {
  const { loopWatch, tasks } = watch();
  loopWatch.onFinished(toJob("before"), 500);
  loopWatch.look();
  compute(1000);
  loopWatch.look();
  expect(tasks()).toEqual([]);
});

test("a timer that is late because the process was suspended is no block", async () => {
  const { loopWatch, told } = watch();
  // As for a suspended process, the time passes and the loop is not active.
  const endMs = performance.now() + 1200;
  await until(() => performance.now() > endMs, "the time to pass");
  loopWatch.look();
  expect(told).toEqual([]);
});

test("0 measures nothing", async () => {
  const { worker, logger } = await firstBlock([], { blockedLoopMs: 0 });
  const done = new Promise((resolve) => worker.events.once("job:complete", resolve));
  await addJob(database.pool, "compute", { payload: { ms: 300 } });
  await done;
  await worker.stop();
  expect(logger.find("The event loop was blocked")).toEqual([]);
});

test("an isolated handler that computes blocks nothing", async () => {
  const logger = new TestLog();
  await using worker = await startIsolated(database, { logger, blockedLoopMs: 1500 });
  const done = new Promise((resolve) => worker.events.once("job:complete", resolve));
  await addJob(database.pool, "compute", { payload: { ms: 2500 } });
  await done;
  expect(logger.find("The event loop was blocked")).toEqual([]);
});
