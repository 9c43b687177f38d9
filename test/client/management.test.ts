import { afterAll, beforeAll, beforeEach, expect, expectTypeOf, test } from "vitest";
import {
  createClient,
  type ImportContactsPayload,
  type SendEmailPayload,
  type TaskClient,
} from "../../generated/tasks/index.js";
import { listJobs, listQueues, migrate, type JobPage, type StoredJob } from "../../src/index.js";
import { createDatabase, type TestDatabase } from "../support/database.js";

const schema = `odd "schema"`;
const email = { to: "ada@example.com", subject: "Hello", body: "…" };

let database: TestDatabase;
let client: TaskClient;
beforeAll(async () => {
  database = await createDatabase();
  await migrate({ pool: database.pool });
  await migrate({ pool: database.pool, schema });
  client = createClient({ pool: database.pool, schema });
});
afterAll(async () => {
  await client.end();
  await database.drop();
});
beforeEach(() => database.pool.query(`delete from "odd ""schema"""._private_jobs`));

async function addEmail(jobKey?: string): Promise<string> {
  const job = await client.addSendEmail(email, jobKey === undefined ? {} : { jobKey });
  return job?.id ?? "";
}

test("a client looks after the jobs of its schema", async () => {
  const [first, second] = [await addEmail("k"), await addEmail()];
  expect(await client.getJob(first)).toMatchObject({ id: first, state: "ready", payload: email });
  expect((await client.listJobs()).jobs).toHaveLength(2);
  expect(await client.permanentlyFailJobs([second], "no")).toMatchObject({
    jobs: [{ id: second, state: "failed", lastError: "no" }],
  });
  expect((await client.getStats()).states).toMatchObject({ ready: 1, failed: 1 });
  expect(await client.retryJobs([second])).toMatchObject({ jobs: [{ state: "ready" }] });
  const runAt = new Date(Date.now() + 60_000);
  expect(await client.rescheduleJobs([second], { runAt })).toMatchObject({ jobs: [{ runAt }] });
  expect(await client.runJobsNow([second])).toMatchObject({ jobs: [{ state: "ready" }] });
  expect(await client.removeJob("k")).toMatchObject({ id: first });
  expect(await client.completeJobs([second])).toMatchObject({ jobs: [{ id: second }] });
  expect(await client.listJobs()).toEqual({ jobs: [], nextCursor: null });
  expect((await listJobs(database.pool)).jobs).toEqual([]);
});

test("it pauses, looks at queues and workers, unlocks, sweeps and cleans up", async () => {
  await addEmail();
  await client.pauseTask("send_email", { reason: "the provider is down" });
  await client.pauseQueue("mail:ada@example.com");
  expect(await client.listPauses()).toHaveLength(2);
  expect((await client.listJobs({ state: "waiting" })).jobs).toHaveLength(1);
  await client.resumeTask("send_email");
  await client.resumeQueue("mail:ada@example.com");
  expect(await client.listPauses()).toEqual([]);
  expect((await client.listQueues()).queues).toMatchObject([
    { name: "mail:ada@example.com", due: 1 },
  ]);
  await database.pool.query(`
    update "odd ""schema"""._private_jobs set locked_at = now(), locked_by = 'gone'`);
  expect(await client.listWorkers()).toMatchObject([{ id: "gone", isRegistered: false, jobs: 1 }]);
  expect(await client.sweep()).toMatchObject({ swept: true, deadWorkerIds: [] });
  expect((await client.forceUnlockWorkers(["gone"])).jobIds).toHaveLength(1);
  await database.pool.query(`delete from "odd ""schema"""._private_jobs`);
  await database.pool.query(
    `insert into "odd ""schema"""._private_tasks (identifier) values ('of old')`,
  );
  // Its own tasks are kept: their next job needs no new row, and a worker knows their numbers.
  const tasks = ["GC_JOB_QUEUES", "GC_TASK_IDENTIFIERS"] as const;
  expect(await client.cleanup({ tasks })).toMatchObject({ deletedQueues: 1, deletedTasks: 1 });
  expect(await client.cleanup({ tasks, taskIdentifiersToKeep: [] })).toMatchObject({
    deletedTasks: 1,
  });
  expect((await listQueues(database.pool)).queues).toEqual([]);
});

test("within a transaction, all of it is part of the transaction", async () => {
  const id = await addEmail();
  const tx = await database.pool.connect();
  await tx.query("begin");
  const within = client.within(tx);
  await within.completeJobs([id]);
  expect(await within.getJob(id)).toBeUndefined();
  expect(await within.sweep()).toMatchObject({ swept: true });
  await tx.query("rollback");
  tx.release();
  expect(await client.getJob(id)).toMatchObject({ state: "ready" });
});

test("what can't be meant is refused", async () => {
  await expect(client.listJobs({ task: "send_mail" as "send_email" })).rejects.toMatchObject({
    code: "TASK_UNKNOWN",
  });
  await expect(client.pauseTask("send_mail" as "send_email")).rejects.toThrow(
    /Did you mean "send_email"/u,
  );
  await expect(client.listJobs({ schema: "x" } as never)).rejects.toMatchObject({
    code: "OPTION_INVALID",
  });
  await expect(client.listQueues({ serch: "x" } as never)).rejects.toMatchObject({
    code: "OPTION_UNKNOWN",
  });
});

test("it is typed by its tasks", async () => {
  await addEmail();
  const { jobs } = await client.listJobs({ task: "send_email" });
  expect(jobs).toHaveLength(1);
  for (const job of jobs) expectTypeOf(job.payload).toEqualTypeOf<SendEmailPayload>();
  const { jobs: mixed } = await client.listJobs({ task: ["send_email", "import_contacts"] });
  for (const job of mixed) {
    if (job.task === "send_email") expectTypeOf(job.payload).toEqualTypeOf<SendEmailPayload>();
    else expectTypeOf(job.payload).toEqualTypeOf<ImportContactsPayload>();
  }
  const ofAny = () => client.listJobs({ state: "failed" });
  expectTypeOf(ofAny).returns.resolves.toEqualTypeOf<JobPage>();
  expectTypeOf(client.getJob).returns.resolves.toEqualTypeOf<StoredJob | undefined>();
  // @ts-expect-error There is no such task.
  expectTypeOf(client.listJobs).toBeCallableWith({ task: "send_mail" });
  // @ts-expect-error There is no such task.
  expectTypeOf(client.pauseTask).toBeCallableWith("send_mail");
  // @ts-expect-error There is no such state.
  expectTypeOf(client.listJobs).toBeCallableWith({ state: "done" });
});
