import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { forceUnlockWorkers, listJobs, listWorkers, startWorker } from "../../src/index.js";
import { addJob, Gate, handlersFor, until } from "../worker/support.js";
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

  const register = (id: string, silentSeconds: number, metadata: object | null = null) =>
    queue.sql(
      `insert into graphile_worker._private_workers (id, last_heartbeat_at, metadata)
      values ($1, now() - $2 * interval '1 second', $3)`,
      [id, silentSeconds, metadata],
    );

  test("workers are those that registered and those that hold locks", async () => {
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

  test("workers lose their locks when forced, and the jobs keep their attempts", async () => {
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
