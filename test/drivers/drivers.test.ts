import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import {
  addImportContacts,
  addSendEmail,
  addSendEmailJobs,
  createClient,
  definePartialHandlers,
  sendEmail,
} from "../../generated/tasks/index.js";
import {
  cleanup,
  completeJobs,
  defineTask,
  enqueue,
  enqueueBulk,
  forceUnlockWorkers,
  getJob,
  getStats,
  listJobs,
  listPauses,
  listQueues,
  listWorkers,
  migrate,
  pauseQueue,
  pauseTask,
  removeJob,
  rescheduleJobs,
  resumeQueue,
  resumeTask,
  runJobsNow,
  runOnce,
  sweep,
} from "../../src/index.js";
import { createDatabase, type TestDatabase } from "../support/database.js";
import { libraries, type Library } from "./libraries.js";

const oddSchema = `odd "name" with 'quotes', Ünïcode; $1 $$ ? ?? %s \\ :x`;
const email = { to: "ada@example.com", subject: "Hello", body: "…" };

let database: TestDatabase;
beforeAll(async () => {
  database = await createDatabase();
  const { pool, connectionString } = database;
  // What a session is set to must not show in what is read.
  const { pathname } = new URL(connectionString);
  await pool.query(`
    alter database ${pathname.slice(1)} set timezone = 'America/St_Johns';
    alter database ${pathname.slice(1)} set datestyle = 'German';
    create table accounts (email text primary key);
  `);
  await migrate({ connectionString });
  await migrate({ connectionString, schema: oddSchema });
});
afterAll(() => database.drop());
beforeEach(() =>
  database.pool.query("truncate accounts; delete from graphile_worker._private_jobs"),
);

async function count(table: string): Promise<number> {
  const { rows } = await database.pool.query(`select from ${table}`);
  return rows.length;
}

const countJobs = () => count("graphile_worker._private_jobs");

describe.each(Object.entries(libraries))("with %s", (_, open) => {
  let library: Library;
  beforeAll(() => {
    library = open(database.connectionString);
  });
  afterAll(() => library.end());

  test("a job commits and rolls back with the library's own transaction", async () => {
    await library.transaction(async ({ db, insertAccount }) => {
      await insertAccount("ada@example.com");
      await addSendEmail(db, email);
      expect([await count("accounts"), await countJobs()]).toEqual([0, 0]);
    });
    expect([await count("accounts"), await countJobs()]).toEqual([1, 1]);
    const rolledBack = library.transaction(async ({ db, insertAccount }) => {
      await insertAccount("bob@example.com");
      await addSendEmail(db, email);
      throw new Error("Never mind.");
    });
    await expect(rolledBack).rejects.toThrow("Never mind.");
    expect([await count("accounts"), await countJobs()]).toEqual([1, 1]);
  });

  test("the job comes back with the same types, whatever the driver makes of them", async () => {
    const runAt = new Date("+012345-06-07T08:09:10.111Z");
    const job = await addSendEmail(library.db, email, {
      runAt,
      priority: -32_768,
      queueName: 'q "1"',
      maxAttempts: 3,
      jobKey: "it's",
      flags: ["b", "a"],
    });
    const time = expect.any(Date) as Date;
    expect(job).toEqual({
      id: expect.stringMatching(/^\d+$/u) as string,
      task: "send_email",
      payload: email,
      queueName: 'q "1"',
      priority: -32_768,
      runAt,
      attempts: 0,
      maxAttempts: 3,
      lastError: null,
      createdAt: time,
      updatedAt: time,
      key: "it's",
      lockedAt: null,
      lockedBy: null,
      revision: 0,
      flags: ["a", "b"],
    });
    const { rows } = await database.pool.query<Record<string, unknown>>(
      `select id::text, run_at, created_at, priority from graphile_worker._private_jobs`,
    );
    // pg can't read years of five digits, which PostgreSQL holds as they were meant.
    expect(rows).toMatchObject([{ id: job.id, created_at: job.createdAt, priority: -32_768 }]);
  });

  test("a replaced job is told as it is now", async () => {
    const runAt = new Date("2040-02-03T04:05:06.789Z");
    const first = await addSendEmail(library.db, email, { jobKey: "key" });
    const second = await addSendEmail(library.db, email, { jobKey: "key", runAt });
    expect(second).toMatchObject({ id: first.id, runAt, revision: 1, createdAt: first.createdAt });
  });

  test("several jobs and the items of a batch go in with one call each", async () => {
    const items = Array.from({ length: 30 }, (_, n) => ({
      payload: { ...email, subject: `#${n}` },
      spec: n % 3 === 0 ? { jobKey: `key ${n}`, priority: n } : {},
    }));
    const contacts = Array.from({ length: 501 }, (_, n) => ({
      accountId: n + 1,
      email: `c${n}@example.com`,
    }));
    await library.transaction(async ({ db }) => {
      const jobs = await addSendEmailJobs(db, items);
      expect(jobs.map(({ payload }) => payload)).toEqual(items.map(({ payload }) => payload));
      const batches = await addImportContacts(db, contacts);
      expect(batches.map(({ payload }) => payload)).toEqual([
        contacts.slice(0, 500),
        contacts.slice(500),
      ]);
    });
    expect(await countJobs()).toBe(32);
  });

  test("any text arrives as it was", async () => {
    const body = `\u0000 \ud800 🐘 'it''s' "q" ? ?? $1 $$ \\ \\? \\u0041 :name ::text {} {a,"b"} %s \n\t`;
    const job = await addSendEmail(library.db, { ...email, body }, { jobKey: `? $1 :x '"\\` });
    expect(job.payload.body).toBe(body);
    expect(job.key).toBe(`? $1 :x '"\\`);
    const { rows } = await database.pool.query("select payload from graphile_worker._private_jobs");
    expect(rows).toEqual([{ payload: { ...email, body } }]);
  });

  test("a payload that is refused leaves the transaction usable", async () => {
    await library.transaction(async ({ db, insertAccount }) => {
      await insertAccount("ada@example.com");
      await expect(addSendEmail(db, { ...email, to: "nobody" })).rejects.toMatchObject({
        code: "PAYLOAD_INVALID",
      });
      await addSendEmail(db, email);
    });
    expect([await count("accounts"), await countJobs()]).toEqual([1, 1]);
  });

  test("a schema whose name needs quoting serves, also to a client", async () => {
    const client = createClient({ db: library.db, schema: oddSchema });
    const job = await client.addSendEmail(email);
    expect(job?.payload).toEqual(email);
    expect(await countJobs()).toBe(0);
    expect(await client.addSendEmailJobs([{ payload: email }, { payload: email }])).toHaveLength(2);
  });

  test("jobs are listed and changed as through pg", async () => {
    const runAt = new Date("2040-02-03T04:05:06.789Z");
    const { id } = await addSendEmail(library.db, email, {
      jobKey: `"{k}",?`,
      flags: ["a"],
      runAt,
    });
    const other = await addSendEmail(library.db, email);
    const ids = [id, other.id];
    const asked = { flags: ["a", `"{f}",?`], task: "send_email", state: "scheduled" } as const;
    expect((await listJobs(library.db, asked)).jobs).toMatchObject([{ id, runAt, payload: email }]);
    expect(await getJob(library.db, id)).toEqual(await getJob(database.pool, id));
    await library.transaction(async ({ db }) => {
      const priority = -3;
      const changed = await rescheduleJobs(db, ids, { runAt, priority });
      expect(changed.jobs).toMatchObject(ids.map((changedId) => ({ id: changedId, priority })));
      expect((await runJobsNow(db, ids)).jobs).toHaveLength(2);
      expect(await removeJob(db, `"{k}",?`)).toMatchObject({ id });
      expect((await completeJobs(db, ids)).skipped).toEqual([{ id, state: "missing" }]);
    });
    expect(await countJobs()).toBe(0);
  });

  test("queues, workers and counts are told, unlocked, swept and cleaned up as through pg", async () => {
    const { id } = await addSendEmail(library.db, email);
    await database.pool.query(
      "update graphile_worker._private_jobs set locked_by = 'w,\"1\"', locked_at = now()",
    );
    expect(await listWorkers(library.db)).toEqual(await listWorkers(database.pool));
    expect(await forceUnlockWorkers(library.db, [`w,"1"`])).toEqual({
      jobIds: [id],
      queueNames: [],
    });
    const { oldestDueAgeMs: _, ...stats } = (await getStats(library.db)).tasks["send_email"] ?? {};
    expect((await getStats(database.pool)).tasks["send_email"]).toMatchObject(stats);
    expect(await listQueues(library.db)).toEqual(await listQueues(database.pool));
    expect((await getStats(library.db, { ratesOverMs: 1 })).rates?.overMs).toBeGreaterThan(0);
    await database.pool.query(`
      insert into graphile_worker._private_workers (id, last_heartbeat_at)
      values ('dead', now() - interval '1 h');
      update graphile_worker._private_jobs set locked_by = 'dead', locked_at = now()`);
    await library.transaction(async ({ db }) => {
      const recovered = { swept: true, deadWorkerIds: ["dead"], recoveredJobIds: [id] };
      expect(await sweep(db, { hook: () => ({ runAt: new Date(0) }) })).toMatchObject(recovered);
    });
    expect(await getJob(library.db, id)).toMatchObject({ runAt: new Date(0), state: "ready" });
    await database.pool.query("update graphile_worker._private_jobs set attempts = max_attempts");
    const tasks = ["DELETE_PERMAFAILED_JOBS", "GC_JOB_QUEUES", "GC_TASK_IDENTIFIERS"] as const;
    const options = { tasks, taskIdentifiersToKeep: ["send_email"] };
    expect(await cleanup(library.db, options)).toMatchObject({ deletedJobs: 1 });
    expect((await listQueues(library.db)).queues).toEqual([]);
  });

  test("any number of jobs is added, in the library's own transaction too", async () => {
    const items = Array.from({ length: 25 }, () => ({ payload: email }));
    await library.transaction(async ({ db }) => {
      const options = { chunkSize: 10, transaction: true };
      expect(await enqueueBulk(db, sendEmail, items, options)).toEqual({ added: 25, skipped: 0 });
      expect(await countJobs()).toBe(0);
    });
    expect(await countJobs()).toBe(25);
    const client = createClient({ db: library.db, coalesce: true });
    const jobs = await Promise.all(items.map(({ payload }) => client.addSendEmail(payload)));
    expect(new Set(jobs.map((job) => job?.id)).size).toBe(25);
  });

  test("pauses hold from the transaction's commit on", async () => {
    await library.transaction(async ({ db }) => {
      await pauseTask(db, "send_email", { reason: `it's "down"?` });
      await pauseQueue(db, "imports");
      expect(await listPauses(database.pool)).toEqual([]);
    });
    const pausedAt = expect.any(Date) as Date;
    const pauses = await listPauses(library.db);
    expect(pauses).toEqual([
      { kind: "queue", name: "imports", pausedAt, reason: null },
      { kind: "task", name: "send_email", pausedAt, reason: `it's "down"?` },
    ]);
    expect(pauses).toEqual(await listPauses(database.pool));
    await resumeTask(library.db, "send_email");
    await resumeQueue(library.db, "imports");
    expect(await listPauses(library.db)).toEqual([]);
  });

  test("refusals of the database have the same codes, and show neither payload nor SQL", async () => {
    const secret = { ...email, body: "secret" };
    const elsewhere = createClient({ db: library.db, schema: "not_there" });
    const missing = elsewhere.addSendEmail(secret);
    await expect(missing).rejects.toMatchObject({
      code: "SCHEMA_MISSING",
      details: { sqlState: expect.stringMatching(/^[0-9A-Z]{5}$/u) as string },
      message: expect.stringContaining("not_there") as string,
    });
    await expect(missing).rejects.not.toThrow(/secret|select/u);
    const long = defineTask({
      identifier: "x".repeat(129),
      schema: "graphile_worker",
      validator: () => true,
    });
    await expect(enqueue(library.db, long, secret)).rejects.toMatchObject({
      code: "SPEC_INVALID",
      details: { sqlState: "23514" },
    });
    const pausing = pauseTask(library.db, "x", { schema: "not_there", reason: "secret" });
    await expect(pausing).rejects.toMatchObject({ code: "SCHEMA_MISSING" });
    await expect(pausing).rejects.not.toThrow(/secret|insert/u);
    expect(await countJobs()).toBe(0);
  });

  test("a NUL in an item of a keyed batch keeps no later item from the key", async () => {
    const contact = [{ accountId: 1, email: "c@example.com", name: "\0" }];
    await addImportContacts(library.db, contact, { jobKey: "merged" });
    await addImportContacts(library.db, contact, { jobKey: "merged" });
    const { jobs } = await listJobs(library.db, { key: "merged" });
    expect(jobs.map(({ payload }) => payload)).toEqual([[...contact, ...contact]]);
    expect(await countJobs()).toBe(1);
  });

  test("a worker runs the job, which completes in a transaction of the library's", async () => {
    await library.transaction(async ({ db }) => {
      await addSendEmail(db, email, { jobKey: "welcome" });
    });
    const handlers = definePartialHandlers({
      send_email: async ({ to }, ctx) => {
        await library.transaction(async ({ db, insertAccount }) => {
          await insertAccount(to);
          await ctx.completeIn(db);
        });
      },
    });
    await runOnce({ connectionString: database.connectionString, handlers });
    expect([await count("accounts"), await countJobs()]).toEqual([1, 0]);
  });
});
