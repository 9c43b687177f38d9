import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import {
  listPauses,
  pauseQueue,
  pauseTask,
  resumeQueue,
  resumeTask,
  runOnce,
  startWorker,
} from "../../src/index.js";
import { migrate } from "../../src/migrate/index.js";
import type { TestDatabase } from "../support/database.js";
import {
  addJob,
  addJobs,
  createQueue,
  Gate,
  handlersFor,
  listJobs,
  until,
} from "../worker/support.js";

/** Workers only hear of something new through a notification. */
const pollIntervalMs = 600_000;

let database: TestDatabase;
beforeAll(async () => {
  database = await createQueue();
});
afterAll(() => database.drop());
afterEach(() =>
  database.pool.query(`
    delete from graphile_worker._private_jobs;
    delete from graphile_worker.taskwright_pauses;
  `),
);

test("a paused task is left alone while others go on, and resuming wakes the workers up", async () => {
  const { pool, connectionString } = database;
  const ran: string[] = [];
  const handlers = handlersFor({
    mail: () => void ran.push("mail"),
    note: () => void ran.push("note"),
  });
  await using worker = await startWorker({ connectionString, handlers, pollIntervalMs });
  await addJob(pool, "note");
  await until(() => ran.length === 1);
  await pauseTask(pool, "mail");
  await addJobs(pool, "mail", 20);
  await addJobs(pool, "mail", 5, { queue: "q%", queues: 5 });
  await addJobs(pool, "note", 20);
  await until(async () => (await listJobs(pool)).length === 25);
  expect(ran).not.toContain("mail");
  expect((await listJobs(pool)).map(({ attempts }) => attempts)).toEqual(Array(25).fill(0));
  await resumeTask(pool, "mail");
  await until(async () => (await listJobs(pool)).length === 0);
  expect(ran.filter((task) => task === "mail")).toHaveLength(25);
  await worker.stop();
});

test("a paused queue keeps its order, and its running job goes on", async () => {
  const { pool, connectionString } = database;
  const ran: unknown[] = [];
  const gate = new Gate();
  const handlers = handlersFor({
    step: async ({ n }) => {
      ran.push(n);
      if (n === 0) await gate.opened;
    },
    note: () => void ran.push("note"),
  });
  await using worker = await startWorker({ connectionString, handlers, pollIntervalMs });
  await addJobs(pool, "step", 5, { queue: "steps" });
  await until(() => ran.length === 1);
  await pauseQueue(pool, "steps");
  gate.open();
  await until(async () => (await listJobs(pool)).length === 4);
  await addJob(pool, "note", { queue: "other" });
  await until(async () => (await listJobs(pool)).length === 4 && ran.length === 2);
  expect(ran).toEqual([0, "note"]);
  await resumeQueue(pool, "steps");
  await until(async () => (await listJobs(pool)).length === 0);
  expect(ran).toEqual([0, "note", 1, 2, 3, 4]);
  await worker.stop();
});

test.each(["task", "queue"] as const)(
  "a %s that is paused starts no job any more, not even one that a worker has claimed",
  async (kind) => {
    const { pool, connectionString } = database;
    const gate = new Gate();
    const ran: string[] = [];
    let returned = 0;
    const handlers = handlersFor({
      hold: () => gate.opened,
      step: () => void ran.push("step"),
      note: () => void ran.push("note"),
    });
    await using worker = await startWorker({
      connectionString,
      handlers,
      pollIntervalMs,
      concurrency: 1,
      bufferSize: 10,
      bufferTimeoutMs: pollIntervalMs,
      on: { "localQueue:returnJobs": ({ count }) => void (returned += count) },
    });
    await addJob(pool, "hold");
    await addJob(pool, "step", { queue: "steps" });
    await addJob(pool, "note");
    await until(async () => (await listJobs(pool)).every(({ attempts }) => attempts === 1));
    // Neither another schema's pause nor what isn't one concerns the worker.
    await pool.query(`
      select pg_notify('taskwright:pauses', '{"schema":"other","kind":"task","name":"note"}');
      select pg_notify('taskwright:pauses', 'null');
    `);
    await (kind === "task" ? pauseTask(pool, "step") : pauseQueue(pool, "steps"));
    await until(async () => (await listJobs(pool))[1]?.locked_by === null);
    expect(returned).toBe(1);
    gate.open();
    await until(async () => (await listJobs(pool)).length === 1);
    expect(ran).toEqual(["note"]);
    expect(await listJobs(pool)).toMatchObject([{ attempts: 0 }]);
    await worker.stop();
  },
);

test("a queue may be paused before its first job, and its backlog hides no other queue", async () => {
  const { pool, connectionString } = database;
  await pauseQueue(pool, "long");
  await addJobs(pool, "step", 500, { queue: "long" });
  await addJobs(pool, "step", 30, { queue: "short%", queues: 10 });
  let runs = 0;
  const handlers = handlersFor({ step: () => void (runs += 1) });
  await runOnce({ connectionString, handlers });
  expect(runs).toBe(30);
  expect(await listJobs(pool)).toHaveLength(500);
});

test("a queue waits with its first job's task", async () => {
  const { pool, connectionString } = database;
  const ran: string[] = [];
  const handlers = handlersFor({
    charge: () => void ran.push("charge"),
    receipt: () => void ran.push("receipt"),
  });
  await pauseTask(pool, "charge");
  await addJob(pool, "charge", { queue: "ada" });
  await addJob(pool, "receipt", { queue: "ada" });
  await runOnce({ connectionString, handlers });
  expect(ran).toEqual([]);
  await resumeTask(pool, "charge");
  await runOnce({ connectionString, handlers });
  expect(ran).toEqual(["charge", "receipt"]);
});

test("a pause in a transaction holds from its commit on", async () => {
  const { pool, connectionString } = database;
  let runs = 0;
  const handlers = handlersFor({ note: () => void (runs += 1) });
  const client = await pool.connect();
  await client.query("begin");
  await pauseTask(client, "note");
  await addJob(pool, "note");
  await runOnce({ connectionString, handlers });
  expect(runs).toBe(1);
  await client.query("commit");
  client.release();
  await addJob(pool, "note");
  await runOnce({ connectionString, handlers });
  expect(runs).toBe(1);
});

test("pausing and resuming twice is as good as once", async () => {
  const { pool } = database;
  await pauseTask(pool, "mail", { reason: "the provider is down" });
  const [first] = await listPauses(pool);
  expect(first).toEqual({
    kind: "task",
    name: "mail",
    pausedAt: expect.any(Date),
    reason: "the provider is down",
  });
  await pauseTask(pool, "mail");
  await pauseQueue(pool, "mail");
  expect(await listPauses(pool)).toEqual([
    first,
    { kind: "queue", name: "mail", pausedAt: expect.any(Date), reason: null },
  ]);
  await resumeTask(pool, "mail");
  await resumeTask(pool, "mail");
  await resumeQueue(pool, "mail");
  expect(await listPauses(pool)).toEqual([]);
});

test("pauses of one schema are not those of another", async () => {
  const { pool, connectionString } = database;
  const schema = `odd "schema"`;
  await migrate({ pool, schema });
  await pauseTask(pool, "note", { schema });
  expect(await listPauses(pool)).toEqual([]);
  expect(await listPauses(pool, { schema })).toHaveLength(1);
  await pool.query(`select "odd ""schema""".add_job('note')`);
  let runs = 0;
  const handlers = handlersFor({ note: () => void (runs += 1) });
  await runOnce({ connectionString, handlers, schema });
  expect(runs).toBe(0);
  await resumeTask(pool, "note", { schema });
  await runOnce({ connectionString, handlers, schema });
  expect(runs).toBe(1);
});

test("what can't be meant is refused", async () => {
  const { pool } = database;
  await expect(pauseTask(pool, "mail", { raeson: "" } as never)).rejects.toMatchObject({
    code: "OPTION_UNKNOWN",
  });
  await expect(pauseTask(pool, "x".repeat(129))).rejects.toMatchObject({ code: "OPTION_INVALID" });
  await expect(pauseTask(pool, "")).rejects.toMatchObject({ code: "OPTION_INVALID" });
  await expect(resumeQueue(pool, "\0")).rejects.toMatchObject({ code: "OPTION_INVALID" });
  await expect(pauseQueue(pool, "q", { schema: "none" })).rejects.toMatchObject({
    code: "SCHEMA_MISSING",
  });
});
