import { afterAll, beforeAll, beforeEach, describe, expect, expectTypeOf, test } from "vitest";
import {
  createClient,
  type SendEmailPayload,
  type TaskClient,
} from "../../generated/tasks/index.js";
import { Database } from "../../src/database/database.js";
import type { EnqueueInterceptor, Job, Plugin } from "../../src/index.js";
import { migrate } from "../../src/migrate/index.js";
import { createDatabase, type TestDatabase } from "../support/database.js";

let database: TestDatabase;
let client: TaskClient;
beforeAll(async () => {
  database = await createDatabase();
  await migrate({ pool: database.pool });
  client = createClient({ pool: database.pool });
});
afterAll(async () => {
  await client.end();
  await database.drop();
});
beforeEach(() => database.pool.query("delete from graphile_worker._private_jobs"));

const email = { to: "ada@example.com", subject: "Hello", body: "…" };

async function subjects(): Promise<unknown[]> {
  const { rows } = await database.pool.query<{ subject: string }>(
    "select payload ->> 'subject' as subject from graphile_worker._private_jobs order by id",
  );
  return rows.map(({ subject }) => subject);
}

/** A client with one plugin for each of the interceptors. */
function clientWith(...interceptors: EnqueueInterceptor[]): TaskClient {
  const plugins = interceptors.map((enqueue, index): Plugin => ({ name: `p${index}`, enqueue }));
  return createClient({ pool: database.pool, plugins });
}

describe("a client", () => {
  test("adds by identifier and by method, with the task's defaults", async () => {
    const first = await client.add("send_email", email, { priority: 3 });
    const second = await client.addSendEmail(email);
    expect(first).toMatchObject({
      task: "send_email",
      priority: 3,
      queueName: "mail:ada@example.com",
    });
    expect(second).toMatchObject({ task: "send_email", payload: email, maxAttempts: 5 });
    expect(await subjects()).toEqual(["Hello", "Hello"]);
  });

  test("adds many in one statement, in their order", async () => {
    let statements = 0;
    const db = {
      query: (text: string, values: unknown[]) => {
        statements += 1;
        return database.pool.query(text, values);
      },
    };
    const items = ["a", "b", "c"].map((subject) => ({ payload: { ...email, subject } }));
    const jobs = await createClient({ db }).addSendEmailJobs(items);
    expect(jobs.map((job) => job?.payload.subject)).toEqual(["a", "b", "c"]);
    expect(statements).toBe(1);
    await expect(
      client.addMany("send_email", [{ payload: { ...email, to: "?" } }]),
    ).rejects.toThrow();
    await expect(
      client.addMany("send_email", [{ payload: email }, { payload: { ...email, to: "?" } }]),
    ).rejects.toMatchObject({ code: "PAYLOAD_INVALID", details: { index: 1 } });
    expect(await subjects()).toEqual(["a", "b", "c"]);
  });

  test("splits a batch task's items as the helper does", async () => {
    const items = Array.from({ length: 501 }, (_, n) => ({
      accountId: 1,
      email: `a${n}@example.com`,
    }));
    expect(await client.addImportContacts(items)).toMatchObject([{}, {}]);
  });

  test("works within a transaction and is gone with it", async () => {
    const own = new Database({ pool: database.pool });
    await own.withTransaction(async (tx) => {
      await client.within(tx).addSendEmail({ ...email, subject: "kept" });
    });
    const rollback = own.withTransaction(async (tx) => {
      await client.within(tx).add("send_email", { ...email, subject: "lost" });
      throw new Error("undo");
    });
    await expect(rollback).rejects.toThrow("undo");
    expect(await subjects()).toEqual(["kept"]);
  });

  test("uses another schema, and a pool of its own that it closes", async () => {
    const { connectionString, pool } = database;
    await migrate({ pool, schema: "second" });
    await using other = createClient({ connectionString, schema: "second" });
    await other.addSendEmail(email);
    expect(await subjects()).toEqual([]);
    const { rows } = await pool.query("select from second._private_jobs");
    expect(rows).toHaveLength(1);
    await other.end();
    await expect(other.addSendEmail(email)).rejects.toMatchObject({ code: "CLIENT_ENDED" });
  });

  test("refuses what it doesn't know", async () => {
    const { pool } = database;
    expect(() => createClient({})).toThrow(expect.objectContaining({ code: "OPTION_INVALID" }));
    expect(() => createClient({ pool, plugin: [] } as never)).toThrow(/Did you mean "plugins"/u);
    expect(() => createClient({ pool, plugins: [{ name: "x", enqueu: 1 } as never] })).toThrow(
      /Plugin x has no option "enqueu"/u,
    );
    const twice = { name: "x" };
    expect(() => createClient({ pool, plugins: [twice, twice] })).toThrow(/second plugin/u);
    await expect(client.add("send_mail" as "send_email", email)).rejects.toMatchObject({
      code: "TASK_UNKNOWN",
    });
  });

  test("is typed by the tasks", () => {
    expectTypeOf(client.add<"send_email">).returns.resolves.toEqualTypeOf<
      Job<SendEmailPayload> | undefined
    >();
    expectTypeOf(client.addSendEmail).returns.resolves.toEqualTypeOf<
      Job<SendEmailPayload> | undefined
    >();
    expectTypeOf(client.addSendEmailJobs).returns.resolves.toEqualTypeOf<
      (Job<SendEmailPayload> | undefined)[]
    >();
    // @ts-expect-error There is no such task.
    expectTypeOf(client.add).toBeCallableWith("send_mail", email);
    // @ts-expect-error The payload lacks a property.
    expectTypeOf(client.addSendEmail).toBeCallableWith({ to: "ada@example.com" });
    // @ts-expect-error A payload with required properties can't be left out.
    expectTypeOf(client.addSendEmail).toBeCallableWith();
  });
});

describe("enqueue interceptors", () => {
  test("change payload and spec, which are validated afterwards", async () => {
    const changing = clientWith(
      (request, next) => next({ payload: { ...(request.payload as object), subject: "changed" } }),
      ({ spec }, next) => next({ spec: { ...spec, priority: 7 } }),
    );
    const job = await changing.addSendEmail(email, { maxAttempts: 2 });
    expect(job).toMatchObject({ payload: { subject: "changed" }, priority: 7, maxAttempts: 2 });
    const breaking = clientWith((_request, next) => next({ payload: {} }));
    await expect(breaking.addSendEmail(email)).rejects.toMatchObject({ code: "PAYLOAD_INVALID" });
  });

  test("skip a job: the caller gets undefined in its place, the others are added", async () => {
    const skipping = clientWith(async ({ payload }, next) =>
      (payload as SendEmailPayload).subject === "b" ? "skipped" : next(),
    );
    const items = ["a", "b", "c"].map((subject) => ({ payload: { ...email, subject } }));
    const jobs = await skipping.addSendEmailJobs(items);
    expect(jobs.map((job) => job?.payload.subject)).toEqual(["a", undefined, "c"]);
    expect(await subjects()).toEqual(["a", "c"]);
    expect(await skipping.addSendEmail({ ...email, subject: "b" })).toBeUndefined();
  });

  test("refuse a job, and with it all of the call", async () => {
    const heard: unknown[] = [];
    const refusing = clientWith(
      (_request, next) =>
        next().catch((error: unknown) => {
          heard.push(error);
          throw new Error("wrapped", { cause: error });
        }),
      ({ payload }, next) => {
        if ((payload as SendEmailPayload).subject === "c") throw new Error("not c");
        return next();
      },
    );
    const items = ["a", "b", "c"].map((subject) => ({ payload: { ...email, subject } }));
    await expect(refusing.addSendEmailJobs(items)).rejects.toMatchObject({
      message: "wrapped",
      cause: { message: "not c" },
    });
    expect(heard).toHaveLength(3);
    expect(await subjects()).toEqual([]);
  });

  test("keep the order of the call, whoever is slowest", async () => {
    let open = () => {};
    const gate = new Promise<void>((resolve) => {
      open = resolve;
    });
    const slow = clientWith(async ({ payload }, next) => {
      if ((payload as SendEmailPayload).subject === "a") await gate;
      else open();
      return next();
    });
    const items = ["a", "b"].map((subject) => ({
      payload: { ...email, subject },
      spec: { jobKey: "k" },
    }));
    await slow.addSendEmailJobs(items);
    expect(await subjects()).toEqual(["b"]);
  });

  test("can't say what isn't so", async () => {
    const lying = clientWith(async (_request, next) => {
      await next();
      return "skipped";
    });
    await expect(lying.addSendEmail(email)).rejects.toMatchObject({ code: "PLUGIN_INVALID" });
    const inventing = clientWith(async () => ({ id: "1" }) as never);
    await expect(inventing.addSendEmail(email)).rejects.toMatchObject({ code: "PLUGIN_INVALID" });
  });

  test("see each job of a batch task, and work within a transaction", async () => {
    const seen: unknown[] = [];
    const watching = clientWith(({ task, payload }, next) => {
      seen.push([task.identifier, (payload as unknown[]).length]);
      return next();
    });
    const items = Array.from({ length: 501 }, (_, n) => ({
      accountId: 1,
      email: `a${n}@example.com`,
    }));
    await watching.within(database.pool).addImportContacts(items);
    expect(seen).toEqual([
      ["import_contacts", 500],
      ["import_contacts", 1],
    ]);
  });
});
