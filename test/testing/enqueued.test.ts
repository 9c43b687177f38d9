import { AssertionError } from "node:assert";
import { afterAll, beforeAll, beforeEach, expect, expectTypeOf, test } from "vitest";
import {
  addProcessUser,
  addSendEmail,
  addSendEmailJobs,
  processUser,
  sendEmail,
  type SendEmailPayload,
} from "../../generated/tasks/index.js";
import { migrate } from "../../src/index.js";
import {
  assertEnqueued,
  assertNotEnqueued,
  enqueuedJobs,
  markJobs,
  withRollback,
} from "../../src/testing/index.js";
import { differences } from "../../src/testing/match.js";
import type { TestDatabase } from "../support/database.js";
import { createQueue } from "../worker/support.js";

let database: TestDatabase;
beforeAll(async () => {
  database = await createQueue();
});
afterAll(() => database.drop());
beforeEach(() => database.pool.query("delete from graphile_worker._private_jobs"));

const email = (to: string): SendEmailPayload => ({ to, subject: "Hello", body: "…" });

async function messageOf(assertion: Promise<unknown>): Promise<string> {
  const error: unknown = await assertion.catch((thrown: unknown) => thrown);
  expect(error).toBeInstanceOf(AssertionError);
  return (error as AssertionError).message;
}

test("a job is found by a part of its payload, and comes typed", async () => {
  const { pool } = database;
  await addSendEmail(pool, email("ada@example.com"));
  await addSendEmail(pool, email("bob@example.com"));
  const jobs = await assertEnqueued(pool, sendEmail, { to: "bob@example.com" });
  expect(jobs).toMatchObject([{ payload: email("bob@example.com"), state: "ready" }]);
  expectTypeOf(jobs[0]!.payload).toEqualTypeOf<SendEmailPayload>();
  await assertEnqueued(pool, sendEmail);
  await assertEnqueued(pool, sendEmail, { subject: "Hello" }, { count: 2 });
  await assertNotEnqueued(pool, sendEmail, { to: "carol@example.com" });
  await assertNotEnqueued(pool, processUser);
});

test("a failure says how the closest job differs", async () => {
  const { pool } = database;
  await addSendEmail(pool, { ...email("ada@example.com"), subject: "Other" });
  const job = await addSendEmail(pool, email("bob@example.com"));
  const wanted = { to: "carol@example.com", subject: "Hello" };
  expect(await messageOf(assertEnqueued(pool, sendEmail, wanted))).toBe(
    [
      `A job of task send_email should have been enqueued with ${JSON.stringify(wanted)}; there is none.`,
      `Of 2 others the closest is job ${job.id}:`,
      `  /to should be "carol@example.com" and is "bob@example.com"`,
    ].join("\n"),
  );
  expect(await messageOf(assertEnqueued(pool, sendEmail, {}, { count: 1 }))).toMatch(
    /^One job of .* there are 2\.\nNo other job of the task is there\.$/u,
  );
  expect(await messageOf(assertEnqueued(pool, processUser))).toMatch(/with any payload; .* none/u);
  expect(await messageOf(assertNotEnqueued(pool, sendEmail, { subject: "Hello" }))).toContain(
    `job ${job.id}: {"to":"bob@example.com"`,
  );
});

test("a failure has what test runners compare", async () => {
  await addSendEmail(database.pool, email("ada@example.com"));
  const wanted = { to: "bob@example.com" };
  await expect(assertEnqueued(database.pool, sendEmail, wanted)).rejects.toMatchObject({
    code: "ERR_ASSERTION",
    expected: wanted,
    actual: [email("ada@example.com")],
  });
});

test("only what came after a mark is looked at, replaced jobs included", async () => {
  const { pool } = database;
  await addSendEmail(pool, email("ada@example.com"));
  await addSendEmail(pool, email("bob@example.com"), { jobKey: "bob" });
  const since = await markJobs(pool);
  await assertNotEnqueued(pool, sendEmail, {}, { since });
  await addSendEmail(pool, { ...email("bob@example.com"), subject: "Again" }, { jobKey: "bob" });
  await addSendEmail(pool, email("carol@example.com"));
  const jobs = await enqueuedJobs(pool, sendEmail, { since });
  expect(jobs.map(({ payload }) => payload.to)).toEqual(["bob@example.com", "carol@example.com"]);
});

test("how a job was added is compared, too", async () => {
  const { pool } = database;
  const runAt = new Date("2120-01-01T00:00:00Z");
  const spec = {
    runAt,
    priority: 3,
    queueName: "q",
    maxAttempts: 2,
    jobKey: "k",
    flags: ["b", "a"],
  };
  await addSendEmail(pool, email("ada@example.com"), spec);
  await assertEnqueued(pool, sendEmail, {}, { spec: { ...spec, flags: ["a", "b"] } });
  const later = new Date(runAt.getTime() + 1);
  for (const other of [
    { runAt: later },
    { priority: 4 },
    { queueName: null },
    { maxAttempts: 3 },
    { jobKey: "other" },
    { flags: ["a"] },
  ]) {
    const message = await messageOf(assertEnqueued(pool, sendEmail, {}, { spec: other }));
    expect(message).toContain(`\n  ${Object.keys(other)[0]} should be `);
  }
});

test("thousands of jobs are all looked at", async () => {
  const { pool } = database;
  const items = Array.from({ length: 2001 }, (_, n) => ({ payload: email(`u${n}@example.com`) }));
  await addSendEmailJobs(pool, items);
  await assertEnqueued(pool, sendEmail, {}, { count: 2001 });
});

test("a transaction sees its own jobs", async () => {
  const { pool } = database;
  await withRollback(pool, async (db) => {
    const since = await markJobs(db);
    await addProcessUser(db, { userId: "u1", action: { kind: "signup", source: "web" } });
    await assertEnqueued(db, processUser, { userId: "u1" }, { since, count: 1 });
  });
  await assertNotEnqueued(pool, processUser);
});

test("another schema's jobs are looked at when asked", async () => {
  const { pool } = database;
  const schema = `odd "schema"`;
  await migrate({ pool, schema });
  await addSendEmail(pool, email("ada@example.com"));
  await assertNotEnqueued(pool, sendEmail, {}, { schema });
  expect(await markJobs(pool, { schema })).toEqual({ revisions: new Map() });
});

test("differences are found where they are", () => {
  const actual = { a: { "b/c": [1, { d: null }] }, e: "f" };
  expect(differences({ a: { "b/c": [1, { d: null }] } }, actual)).toEqual([]);
  expect(differences({ a: { "b/c": [2, { d: 0 }] }, g: 1 }, actual)).toEqual([
    { place: "/a/b~1c/0", expected: 2, actual: 1 },
    { place: "/a/b~1c/1/d", expected: 0, actual: null },
    { place: "/g", expected: 1, actual: undefined },
  ]);
  expect(differences({ a: { "b/c": [1] } }, actual)).toHaveLength(1);
  expect(differences({ e: { f: 1 } }, actual)).toHaveLength(1);
  expect(differences({ toString: 1 }, actual)).toHaveLength(1);
});

test("options that don't exist are refused", async () => {
  const { pool } = database;
  const options = { sinse: 1 } as never;
  for (const refused of [
    assertEnqueued(pool, sendEmail, {}, options),
    assertNotEnqueued(pool, sendEmail, {}, options),
    enqueuedJobs(pool, sendEmail, options),
    markJobs(pool, options),
  ]) {
    await expect(refused).rejects.toMatchObject({ code: "OPTION_UNKNOWN" });
  }
});
