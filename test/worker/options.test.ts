import { Pool } from "pg";
import { expect, test } from "vitest";
import { startWorker, type WorkerOptions } from "../../src/index.js";
import { resolveWorkerOptions } from "../../src/worker/options.js";
import { createQueue, handlersFor } from "./support.js";

const handlers = handlersFor({ task: () => {} });
const connectionString = "postgres://localhost/never";

test("defaults are filled in once, and the result is frozen", () => {
  const options = resolveWorkerOptions("startWorker", { connectionString, handlers });
  expect(options).toMatchObject({
    schema: "graphile_worker",
    concurrency: 10,
    pollIntervalMs: 2000,
    bufferWaitMs: 200,
    bufferSize: "auto",
    maxBufferedBytes: 33_554_432,
    migrate: true,
    handleSignals: false,
  });
  expect(options.workerId).toMatch(/^taskwright-[0-9a-f]{18}$/u);
  expect(Object.isFrozen(options)).toBe(true);
});

test("an unknown option is refused with a suggestion", async () => {
  const options = { connectionString, handlers, concurency: 3 } as WorkerOptions;
  await expect(startWorker(options)).rejects.toMatchObject({
    code: "OPTION_UNKNOWN",
    message: expect.stringContaining('Did you mean "concurrency"?'),
  });
});

test.each<[string, Partial<WorkerOptions>]>([
  ["connectionString", { connectionString, pool: new Pool() }],
  ["concurrency", { connectionString, concurrency: 0 }],
  ["concurrency", { connectionString, concurrency: 2.5 }],
  ["pollIntervalMs", { connectionString, pollIntervalMs: 0 }],
  ["shutdownTimeoutMs", { connectionString, shutdownTimeoutMs: 2 ** 31 }],
  ["bufferSize", { connectionString, bufferSize: -1 }],
  ["maxBufferedBytes", { connectionString, maxBufferedBytes: 0 }],
  ["maxBufferedBytes", { connectionString, maxBufferedBytes: 2 ** 31 }],
  ["listen", { connectionString, listen: "no" as never }],
  ["workerId", { connectionString, workerId: "" }],
  ["forbiddenFlags", { connectionString, forbiddenFlags: "slow" as never }],
  ["handlers", { connectionString, handlers: { tasks: new Map() } }],
])("a wrong %s is refused", async (option, given) => {
  await expect(startWorker({ handlers, ...given })).rejects.toMatchObject({
    code: "OPTION_INVALID",
    details: { owner: "startWorker", option },
  });
});

test("a stop that is told what can't be is refused, and stops nothing", async () => {
  const database = await createQueue();
  const worker = await startWorker({ pool: database.pool, handlers });
  let hasStopped = false;
  worker.events.on("pool:gracefulShutdown", () => {
    hasStopped = true;
  });
  for (const force of [null, "true", 1, []]) {
    await expect(worker.stop({ force: force as never })).rejects.toMatchObject({
      code: "OPTION_INVALID",
    });
  }
  await expect(worker.stop(null as never)).rejects.toMatchObject({ code: "OPTION_INVALID" });
  await expect(worker.stop({ forced: true } as never)).rejects.toMatchObject({
    code: "OPTION_UNKNOWN",
  });
  expect(hasStopped).toBe(false);
  await worker.stop();
  await database.drop();
});

test("what can't be in an event's name, or as its listener, is refused with a suggestion", async () => {
  const given = { connectionString, handlers };
  for (const [on, code] of [
    [{ "job:sucess": () => {} }, "OPTION_UNKNOWN"],
    [{ "job:success": null }, "OPTION_INVALID"],
    [{ "job:success": "log" }, "OPTION_INVALID"],
  ] as const) {
    const plugins = [{ name: "plugin", on: on as never }];
    await expect(startWorker({ ...given, on: on as never })).rejects.toMatchObject({ code });
    await expect(startWorker({ ...given, plugins })).rejects.toMatchObject({ code });
  }
  await expect(startWorker({ ...given, on: { "job:sucess": () => {} } as never })).rejects.toThrow(
    'Did you mean "job:success"?',
  );
});

test("the longest intervals are no shorter than others: their jitter stays within a timer's reach", async () => {
  const overflows: unknown[] = [];
  const onWarning = (warning: Error) => void overflows.push(warning.name);
  process.on("warning", onWarning);
  const database = await createQueue();
  for (let start = 0; start < 8; start++) {
    const worker = await startWorker({
      pool: database.pool,
      handlers: handlersFor({ task: () => {} }),
      pollIntervalMs: 2 ** 31 - 1,
      recovery: { sweepIntervalMs: 2 ** 31 - 1 },
    });
    await worker.stop();
  }
  await database.drop();
  process.off("warning", onWarning);
  expect(overflows).toEqual([]);
});
