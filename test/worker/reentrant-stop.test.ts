import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import { startWorker, type Worker, type WorkerEventName } from "../../src/index.js";
import { Lifecycle } from "../../src/services/service.js";
import type { TestDatabase } from "../support/database.js";
import { addJob, countLocks, createQueue, handlersFor, listJobs, until } from "./support.js";

let database: TestDatabase;
beforeAll(async () => {
  database = await createQueue();
});
afterAll(() => database.drop());
beforeEach(async () => {
  await database.pool.query("delete from graphile_worker._private_jobs");
});

test("a stop that is asked for while the stop runs joins it", async () => {
  const lifecycle = new Lifecycle();
  let releases = 0;
  const release = (): void => {
    releases += 1;
    if (releases < 5) void lifecycle.stop(release);
  };
  const first = lifecycle.stop(release);
  expect(lifecycle.stop(release)).toBe(first);
  await first;
  expect(releases).toBe(1);
});

const stopping: readonly WorkerEventName[] = [
  "pool:gracefulShutdown",
  "pool:gracefulShutdown:complete",
  "pool:forcefulShutdown",
  "pool:forcefulShutdown:complete",
  "pool:listen:release",
  "pool:release",
  "localQueue:returnJobs",
  "job:interrupted",
  "job:complete",
];

for (const force of [false, true]) {
  test(`a worker whose listeners stop it (force: ${force}) in each event of its stop stops once`, async () => {
    const id = await addJob(database.pool, "endless");
    const heard: string[] = [];
    let worker: Worker | undefined;
    const on = Object.fromEntries(
      stopping.map((name) => [
        name,
        () => {
          heard.push(name);
          void worker?.stop({ force });
        },
      ]),
    );
    worker = await startWorker({
      pool: database.pool,
      concurrency: 1,
      bufferSize: 2,
      shutdownTimeoutMs: 50,
      on,
      handlers: handlersFor({
        endless: (_payload, { signal }) =>
          new Promise((_resolve, reject) => {
            signal.addEventListener("abort", () => reject(signal.reason as Error));
          }),
      }),
    });
    const holder = worker.id;
    await until(async () => (await listJobs(database.pool))[0]?.locked_by === holder);
    await worker.stop();
    expect(heard.filter((name) => name === "pool:gracefulShutdown")).toHaveLength(1);
    expect(heard.filter((name) => name === "pool:release")).toHaveLength(1);
    const forced = heard.filter((name) => name === "pool:forcefulShutdown");
    expect(forced).toHaveLength(force ? 1 : 0);
    expect(await countLocks(database.pool)).toBe(0);
    expect((await listJobs(database.pool)).map((job) => job.id)).toEqual([id]);
  });
}

for (const event of ["pool:listen:connecting", "pool:listen:success"] as const) {
  test(`a worker that is aborted in ${event} leaves no connection behind`, async () => {
    const controller = new AbortController();
    const before = database.pool.totalCount - database.pool.idleCount;
    const worker = await startWorker({
      pool: database.pool,
      signal: controller.signal,
      on: { [event]: () => controller.abort() },
      handlers: handlersFor({ work: () => {} }),
    });
    await worker.finished;
    expect(database.pool.totalCount - database.pool.idleCount).toBe(before);
    expect(database.pool.waitingCount).toBe(0);
  });
}
