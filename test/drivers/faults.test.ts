import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { addSendEmail, addSendEmailJobs, createClient } from "../../generated/tasks/index.js";
import { defineTask, enqueue, migrate, TaskwrightError, type Executor } from "../../src/index.js";
import { createDatabase, type TestDatabase } from "../support/database.js";
import { eventually } from "../support/wait.js";
import { libraries, type Library } from "./libraries.js";

const email = { to: "ada@example.com", subject: "Hello", body: "…" };

let database: TestDatabase;
beforeAll(async () => {
  database = await createDatabase();
  await migrate({ connectionString: database.connectionString });
  await database.pool.query("create table accounts (email text primary key)");
});
afterAll(() => database.drop());
beforeEach(() => database.pool.query("delete from graphile_worker._private_jobs"));

async function countJobs(): Promise<number> {
  const { rows } = await database.pool.query("select from graphile_worker._private_jobs");
  return rows.length;
}

describe.each(Object.entries(libraries))("with %s", (_, open) => {
  const withLibrary = async (use: (library: Library) => Promise<void>, max?: number) => {
    const library = open(database.connectionString, max);
    try {
      await use(library);
    } finally {
      await library.end();
    }
  };

  test("an aborted transaction is named as such", () =>
    withLibrary(async ({ transaction }) => {
      const transacting = transaction(async ({ db, insertAccount }) => {
        await insertAccount("ada@example.com");
        await expect((async () => insertAccount("ada@example.com"))()).rejects.toThrow();
        await expect(addSendEmail(db, email)).rejects.toMatchObject({
          code: "TRANSACTION_ABORTED",
          details: { sqlState: "25P02" },
        });
        throw new Error("Rolled back.");
      });
      await expect(transacting).rejects.toThrow();
      expect(await countJobs()).toBe(0);
    }));

  test("a connection that is cut while a job is added is named as such, and nothing is added", () =>
    withLibrary(async ({ db }) => {
      const blocker = await database.pool.connect();
      await blocker.query("begin; lock table graphile_worker._private_jobs");
      const adding = addSendEmail(db, email).catch((error: unknown) => error);
      // Not asked inside the transaction, where PostgreSQL shows what it showed first.
      try {
        await eventually(async () => {
          const { rowCount } = await database.pool.query(`
            select pg_terminate_backend(pid) from pg_stat_activity
            where datname = current_database() and wait_event_type = 'Lock'`);
          return rowCount === 1;
        });
      } finally {
        await blocker.query("rollback");
      }
      blocker.release();
      expect(await adding).toMatchObject({ code: "DATABASE_UNREACHABLE" });
      expect(await countJobs()).toBe(0);
    }));

  test("a library that was ended, and a server that isn't there, are named as such", async () => {
    let ended: Executor | undefined;
    await withLibrary(async ({ db }) => {
      ended = db;
      await addSendEmail(db, email);
    });
    const nowhere = open("postgres://nobody:x@127.0.0.1:1/none");
    const refused = expect(addSendEmail(nowhere.db, email)).rejects;
    await refused.toMatchObject({ code: "DATABASE_UNREACHABLE" });
    await nowhere.end();
    // Prisma's client connects again.
    const again = await addSendEmail(ended as Executor, email).catch((error: unknown) => error);
    if (again instanceof Error) expect(again).toMatchObject({ code: "DATABASE_UNREACHABLE" });
    expect(await countJobs()).toBe(again instanceof Error ? 1 : 2);
  });

  test("a megabyte and ten thousand jobs go through", () =>
    withLibrary(async ({ db }) => {
      const body = "line\n".repeat(200_000);
      expect((await addSendEmail(db, { ...email, body })).payload.body).toBe(body);
      const items = Array.from({ length: 10_000 }, (_item, n) => ({
        payload: { ...email, subject: `#${n}` },
      }));
      const jobs = await addSendEmailJobs(db, items);
      expect(jobs.map(({ payload }) => payload.subject)).toEqual(
        items.map(({ payload }) => payload.subject),
      );
    }));
});

test("a role without rights and a read-only session are named as such", async () => {
  const url = new URL(database.connectionString);
  url.searchParams.set("options", "-c default_transaction_read_only=on");
  const reader = libraries["pg"]?.(url.href) as Library;
  await expect(addSendEmail(reader.db, email)).rejects.toMatchObject({
    code: "DATABASE_READ_ONLY",
  });
  await reader.end();
  const client = await database.pool.connect();
  await client.query("begin; create role taskwright_nobody; set local role taskwright_nobody");
  await expect(addSendEmail(client, email)).rejects.toMatchObject({ code: "PRIVILEGE_MISSING" });
  await client.query("rollback");
  client.release();
});

test("a key that is given a hundred times in a call makes one job, the last", async () => {
  const items = Array.from({ length: 100 }, (_, n) => ({
    payload: { ...email, subject: `#${n}` },
    spec: { jobKey: "same" },
  }));
  const jobs = await addSendEmailJobs(database.pool, items);
  expect(new Set(jobs.map(({ payload }) => payload.subject))).toEqual(new Set(["#99"]));
  expect(await countJobs()).toBe(1);
});

test("what is given is not changed, also when it is frozen", async () => {
  const task = defineTask<object, object>({
    identifier: "any",
    schema: "graphile_worker",
    validator: () => true,
  });
  const payload = Object.freeze({
    list: Object.freeze([1, Object.freeze({ _cron: 1 })]),
    _cron: 2,
  });
  const spec = Object.freeze({ flags: Object.freeze(["__proto__", "constructor"]) });
  const job = await enqueue(database.pool, task, payload, spec);
  expect(job.flags.toSorted()).toEqual(["__proto__", "constructor"]);
  expect(payload).toEqual({ list: [1, { _cron: 1 }], _cron: 2 });
});

describe("what isn't an executor", () => {
  const answering = (answer: unknown) => ({ query: async () => answer });

  test.each<[string, unknown]>([
    ["nothing", undefined],
    ["a connection string", "postgres://localhost"],
    ["a library that wants an adapter", { raw: () => {}, execute: () => {} }],
    ["one that answers nothing", answering(undefined)],
    ["one that answers with the rows alone", answering([])],
    ["one that answers with no rows", answering({ rows: [] })],
    ["one that answers with other rows", answering({ rows: [{ id: 1 }] })],
    ["one that answers with null", answering({ rows: [null] })],
  ])("%s is refused", async (_, db) => {
    await expect(addSendEmail(db as Executor, email)).rejects.toMatchObject({
      code: "EXECUTOR_INVALID",
    });
    const client = createClient({ pool: database.pool }).within(db as Executor);
    await expect(client.addSendEmail(email)).rejects.toBeInstanceOf(TaskwrightError);
  });

  test("one that renames columns is refused", async () => {
    const renaming: Executor = {
      query: async (text, values) => {
        const { rows } = await database.pool.query<Record<string, unknown>>(text, values);
        const rename = (row: Record<string, unknown>) =>
          Object.fromEntries(Object.entries(row).map(([key, value]) => [key.toLowerCase(), value]));
        return { rows: rows.map(rename) };
      },
    };
    await expect(addSendEmail(renaming, email)).rejects.toMatchObject({ code: "EXECUTOR_INVALID" });
  });
});

describe("items that aren't any", () => {
  const client = () => createClient({ pool: database.pool });

  test.each<[string, unknown, string]>([
    ["nothing", undefined, "OPTION_INVALID"],
    ["an object", {}, "OPTION_INVALID"],
    ["a set", new Set([{ payload: email }]), "OPTION_INVALID"],
    ["null among them", [{ payload: email }, null], "OPTION_INVALID"],
    ["a hole", Object.assign([{ payload: email }], { length: 2 }), "OPTION_INVALID"],
    ["bare payloads", [email], "OPTION_UNKNOWN"],
    ["a misspelt spec", [{ payload: email, spce: {} }], "OPTION_UNKNOWN"],
    ["no payload", [{}], "PAYLOAD_INVALID"],
    ["a spec that is null", [{ payload: email, spec: null }], "SPEC_INVALID"],
  ])("%s: refused, and nothing is added", async (_, items, code) => {
    const adding = addSendEmailJobs(database.pool, items as never);
    await expect(adding).rejects.toMatchObject({ code });
    await expect(client().addSendEmailJobs(items as never)).rejects.toMatchObject({ code });
    expect(await countJobs()).toBe(0);
  });

  test("a task that isn't one is named", async () => {
    for (const task of [undefined, "__proto__", Symbol("s")]) {
      await expect(client().add(task as never, email as never)).rejects.toMatchObject({
        code: "TASK_UNKNOWN",
      });
    }
  });
});
