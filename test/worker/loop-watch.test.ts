import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import { startWorker, type WorkerEvent, type WorkerOptions } from "../../src/index.js";
import type { TestDatabase } from "../support/database.js";
import { compute } from "./isolated/handlers.js";
import { startIsolated, TestLog } from "./isolated/support.js";
import { addJob, createQueue, handlersFor } from "./support.js";

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
  expect(line?.message).not.toContain("taken for dead");
});

test("jobs that run beside it are named, too, and short ones in a row that block together", async () => {
  const { worker, logger, told } = await firstBlock(["wait", "compute"], { concurrency: 2 });
  await addJob(database.pool, "wait");
  await logger.says("waits");
  await database.pool.query(
    `select graphile_worker.add_job('compute', '{"ms": 30}') from generate_series(1, 6)`,
  );
  expect((await told).blockedMs).toBeGreaterThanOrEqual(100);
  await worker.stop();
});

test("near the heartbeat's threshold the log says that the worker may be taken for dead", async () => {
  const { worker, logger, told } = await firstBlock(["compute"], {
    recovery: { heartbeatIntervalMs: 100, sweepThresholdMs: 400 },
  });
  await addJob(database.pool, "compute", { payload: { ms: 250 } });
  expect((await told).endangersWorker).toBe(true);
  await worker.stop();
  expect(logger.find("The event loop was blocked").at(-1)?.message).toContain("taken for dead");
});

test("without a job that ran, the log says to look elsewhere", async () => {
  const { worker, logger, told } = await firstBlock([]);
  compute(300);
  await told;
  await worker.stop();
  expect(logger.find("The event loop was blocked").at(-1)?.message).toContain("other code");
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
