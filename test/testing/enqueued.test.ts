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

/** What JSON has no word for, or leaves out: as a pattern it would match more than was meant. */
class Email {
  readonly to = "nobody@example.com";
}
const circle: Record<string, unknown> = {};
circle["to"] = circle;
const { proxy: revoked, revoke } = Proxy.revocable({}, {});
revoke();
const unwritable: readonly (readonly [name: string, value: unknown])[] = [
  ["undefined", undefined],
  ["a Map", new Map([["to", "x"]])],
  ["a Set", new Set(["x"])],
  ["a RegExp", /x/u],
  ["a Promise", Promise.resolve("x")],
  ["a function", () => "x"],
  ["an instance of a class", new Email()],
  ["an Error", new Error("x")],
  ["a symbol", Symbol("x")],
  ["a BigInt", 1n],
  ["NaN", NaN],
  ["Infinity", Infinity],
  ["an invalid Date", new Date(NaN)],
  ["a boxed string", Object("x")],
  ["an array with a hole", Array.from({ length: 1 })],
  ["an array with undefined", [undefined]],
  ["an object with undefined", { a: { b: undefined } }],
  ["an object with a symbol for a key", { [Symbol("x")]: 1 }],
  ["an object with a hidden property", Object.defineProperty({}, "to", { value: "x" })],
  ["an object that contains itself", circle],
  ["a revoked Proxy", revoked],
  ["an ArrayBuffer", new ArrayBuffer(1)],
];

test.each(unwritable)(
  "a pattern with %s is refused, since it would match anything",
  async (name, value) => {
    const { pool } = database;
    await addSendEmail(pool, email("ada@example.com"));
    const refused = { code: "OPTION_INVALID", details: { option: "payload" } };
    for (const assert of [assertEnqueued, assertNotEnqueued]) {
      await expect(assert(pool, sendEmail, { to: value } as never)).rejects.toMatchObject(refused);
      if (name === "undefined") continue;
      await expect(assert(pool, sendEmail, value as never)).rejects.toMatchObject(refused);
    }
  },
);

test("the refusal says where in the pattern it is, and what to do", async () => {
  const pattern = { to: "x", extra: [{ "a/b": undefined }] } as never;
  await expect(assertEnqueued(database.pool, sendEmail, pattern)).rejects.toThrow(
    /given to assertEnqueued.* at \/extra\/0\/a~1b: it is undefined, which would match anything\. Leave it out/u,
  );
});

test("a Date, and what has a toJSON, are compared as the text that is stored", async () => {
  const { pool } = database;
  const at = new Date("2030-01-02T03:04:05.678Z");
  await addSendEmail(pool, { ...email("ada@example.com"), subject: at.toJSON() });
  await assertEnqueued(pool, sendEmail, { subject: at } as never);
  await assertNotEnqueued(pool, sendEmail, { subject: new Date(at.getTime() + 1) } as never);
  const url = new URL("https://example.com/");
  await addSendEmail(pool, { ...email("ada@example.com"), subject: url.href });
  await assertEnqueued(pool, sendEmail, { subject: url } as never, { count: 1 });
});

test.each<[string, object]>([
  ["an unknown option", { spce: { priority: 3 } }],
  ["an unknown job option", { spec: { queuename: "q" } }],
  ["a job option that no row has", { spec: { jobKeyMode: "replace" } }],
  ["a job option that is undefined", { spec: { jobKey: undefined } }],
  ["a number in a string", { spec: { priority: "3" } }],
  ["a date in a string", { spec: { runAt: "2120-01-01" } }],
  ["a mark that is none", { since: {} }],
  ["a schema of null", { schema: null }],
])("%s is refused, by both assertions", async (_name, options) => {
  const { pool } = database;
  await addSendEmail(pool, email("ada@example.com"));
  for (const assert of [assertEnqueued, assertNotEnqueued]) {
    await expect(assert(pool, sendEmail, {}, options as never)).rejects.toMatchObject({
      code: expect.stringMatching(/^OPTION_(UNKNOWN|INVALID)$/u) as string,
    });
  }
});

test("a count is for assertEnqueued alone, and a number", async () => {
  const { pool } = database;
  const count = { count: 1 } as never;
  await expect(assertNotEnqueued(pool, sendEmail, {}, count)).rejects.toMatchObject({
    code: "OPTION_UNKNOWN",
  });
  for (const count of ["0", null, -1, NaN]) {
    await expect(
      assertEnqueued(pool, sendEmail, {}, { count: count as never }),
    ).rejects.toMatchObject({ code: "OPTION_INVALID" });
  }
  await assertEnqueued(pool, sendEmail, {}, { count: 0 });
});

test("a task that is undefined by a wrong import is refused", async () => {
  for (const task of [undefined, null, "send_email", { identifier: "send_email" }]) {
    for (const look of [assertEnqueued, assertNotEnqueued, enqueuedJobs]) {
      await expect(look(database.pool, task as never)).rejects.toMatchObject({
        code: "OPTION_INVALID",
        details: { option: "task" },
      });
    }
  }
});
