import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import { runOnce, startWorker } from "../../src/index.js";
import { bindQueries } from "../../src/database/queries.js";
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
import { eventually } from "../support/wait.js";

const queries = bindQueries({ schema: "graphile_worker", preparedStatements: true });
/** So long that no test that passes has waited for it. */
const neverMs = 600_000;
/** What `{"text":""}` adds to a text, as the tests write it. */
const frame = 11;

let database: TestDatabase;
let taskId: number;
beforeAll(async () => {
  database = await createQueue();
  await addJob(database.pool, "task");
  const [task] = await queries.findTasks(database.pool, { identifiers: ["task"] });
  taskId = task?.id ?? -1;
});
afterAll(() => database.drop());
beforeEach(() =>
  database.pool.query(
    "delete from graphile_worker._private_jobs; delete from graphile_worker._private_job_queues; delete from graphile_worker.taskwright_slots",
  ),
);

interface Claim {
  readonly maxJobs?: number;
  readonly maxBytes?: number;
  readonly limits?: string;
}

async function claim({ maxJobs = 100, ...bounds }: Claim = {}) {
  const rows = await queries.claimJobs(database.pool, {
    workerId: "me",
    taskIds: [taskId],
    forbiddenFlags: [],
    maxJobs,
    afterQueue: 0,
    ...bounds,
  });
  const jobs = rows.filter(({ id }) => id !== null);
  return { ids: jobs.map(({ id }) => id), isCut: rows.some((row) => row.isCut) };
}

/** Adds a job whose payload has so many bytes as JSON text, easy or impossible to compress. */
function addOfSize(
  bytes: number,
  spec: { queue?: string; priority?: number; noise?: boolean } = {},
) {
  const length = bytes - frame;
  const noise = () =>
    Array.from({ length }, () => letters[Math.floor(Math.random() * 64)]).join("");
  const text = spec.noise === true ? noise() : "x".repeat(length);
  return addJob(database.pool, "task", { payload: { text }, ...spec });
}

const letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

test.each([
  { kind: "small", bytes: 100, noise: false },
  { kind: "stored out of line", bytes: 50_000, noise: true },
  { kind: "compressed in its row", bytes: 50_000, noise: false },
  { kind: "compressed out of line", bytes: 3_000_000, noise: false },
])("a claim brings no more bytes than it asks for: payloads $kind", async ({ bytes, noise }) => {
  const ids: string[] = [];
  for (let n = 0; n < 5; n += 1) ids.push(await addOfSize(bytes, { noise }));
  expect(await claim({ maxBytes: 3 * bytes - 1 })).toEqual({ ids: ids.slice(0, 2), isCut: true });
  expect(await countLocks(database.pool)).toBe(2);
  expect(await claim({ maxBytes: 3 * bytes })).toEqual({ ids: ids.slice(2), isCut: false });
});

test("bytes are those of the text in UTF-8", async () => {
  const payload = { text: "é".repeat(100) };
  await addJob(database.pool, "task", { payload });
  await addJob(database.pool, "task", { payload });
  expect(await claim({ maxBytes: 2 * (frame + 200) - 1 })).toMatchObject({ isCut: true });
});

test("without a limit, and for a worker of an older version, a claim brings all", async () => {
  await addOfSize(50_000);
  await addOfSize(50_000);
  expect((await claim()).ids).toHaveLength(2);
  await database.pool.query("delete from graphile_worker._private_jobs");
  await addOfSize(50_000);
  await addOfSize(50_000);
  const { rows } = await database.pool.query(
    "select id, payload, look_on from graphile_worker.taskwright_claim_jobs('me', $1, '{}', 5, 0, null)",
    [[taskId]],
  );
  expect(rows).toHaveLength(2);
});

test("a job that is larger than the limit is claimed by itself", async () => {
  const large = await addOfSize(100_000);
  const small = await addOfSize(100);
  expect(await claim({ maxBytes: 1000 })).toEqual({ ids: [large], isCut: true });
  expect(await claim({ maxBytes: 1000 })).toEqual({ ids: [small], isCut: false });
});

test("a smaller job doesn't get past a larger one that doesn't fit", async () => {
  const last = await addOfSize(100, { priority: 2 });
  const large = await addOfSize(3000, { priority: 1 });
  const first = await addOfSize(100, { priority: 0, queue: "q" });
  expect(await claim({ maxBytes: 1000 })).toEqual({ ids: [first], isCut: true });
  expect(await claim({ maxBytes: 1000 })).toEqual({ ids: [large], isCut: true });
  expect(await claim({ maxBytes: 1000 })).toEqual({ ids: [last], isCut: false });
});

test("a job that isn't taken leaves its queue and its slot free, and its attempt uncounted", async () => {
  const { pool } = database;
  const limits = JSON.stringify([{ task_id: taskId, fleet: 5 }]);
  const [first, second] = [
    await addOfSize(100, { queue: "a" }),
    await addOfSize(3000, { queue: "b" }),
  ];
  expect(await claim({ maxBytes: 1000, limits })).toEqual({ ids: [first], isCut: true });
  const { rows: queues } = await pool.query(
    "select queue_name, locked_by from graphile_worker._private_job_queues order by queue_name",
  );
  expect(queues).toEqual([
    { queue_name: "a", locked_by: "me" },
    { queue_name: "b", locked_by: null },
  ]);
  const { rows: slots } = await pool.query(
    "select slot, job_ids::text[] from graphile_worker.taskwright_slots where job_ids is not null",
  );
  expect(slots).toEqual([{ slot: 1, job_ids: [first] }]);
  expect(await listJobs(pool)).toMatchObject([
    { id: first, attempts: 1, locked_by: "me" },
    { id: second, attempts: 0, locked_by: null },
  ]);
});

test("a worker holds no more bytes than it may while jobs wait, and goes on as they start", async () => {
  const { pool } = database;
  const size = 50_000;
  const maxBufferedBytes = 10 * size;
  for (let n = 0; n < 40; n += 1) await addOfSize(size);
  const gate = new Gate();
  const claims: number[] = [];
  let started = 0;
  const mostHeld = { count: 0 };
  await using worker = await startWorker({
    pool,
    handlers: handlersFor({
      task: async () => {
        started += 1;
        // The running one comes on top.
        mostHeld.count = Math.max(mostHeld.count, claims.reduce((a, b) => a + b, 0) - started);
        await gate.opened;
      },
    }),
    concurrency: 1,
    bufferSize: 1000,
    bufferTimeoutMs: neverMs,
    pollIntervalMs: neverMs,
    maxBufferedBytes,
    on: { "localQueue:getJobs:complete": ({ count }) => void claims.push(count) },
  });
  // Ten, of which one starts; what is left is more than half full.
  await eventually(() => started === 1);
  expect(await countLocks(pool)).toBe(10);
  gate.open();
  await eventually(async () => (await listJobs(pool)).length === 0);
  await worker.stop();
  expect(started).toBe(40);
  expect(mostHeld.count).toBeLessThanOrEqual(10);
  // Portions, and not one job at a time.
  expect(claims.length).toBeLessThan(15);
});

test("all slots are filled, even if a claim brings one job", async () => {
  const { pool } = database;
  for (let n = 0; n < 5; n += 1) await addOfSize(3000);
  const gate = new Gate();
  let started = 0;
  await using worker = await startWorker({
    pool,
    handlers: handlersFor({
      task: () => {
        started += 1;
        return gate.opened;
      },
    }),
    concurrency: 5,
    pollIntervalMs: neverMs,
    maxBufferedBytes: 1,
  });
  await eventually(() => started === 5);
  gate.open();
  await worker.stop();
});

test("a run goes on until all is done, however little a claim brings", async () => {
  const { pool } = database;
  for (let n = 0; n < 7; n += 1) await addOfSize(3000);
  await addJobs(pool, "task", 20);
  const handlers = handlersFor({ task: () => {} });
  const summary = await runOnce({ pool, handlers, concurrency: 2, maxBufferedBytes: 5000 });
  expect(summary).toMatchObject({ endedBy: "drained", completed: 27 });
});
