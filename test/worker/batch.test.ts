import { afterAll, beforeAll, beforeEach, expect, expectTypeOf, test } from "vitest";
import {
  addImportContacts,
  definePartialHandlers,
  type ImportContactsHandler,
  type ImportContactsItem,
} from "../../generated/tasks/index.js";
import { runOnce, startWorker, type WorkerListeners } from "../../src/index.js";
import type { TestDatabase } from "../support/database.js";
import { addJob, countLocks, createQueue, Gate } from "./support.js";

let database: TestDatabase;
beforeAll(async () => {
  database = await createQueue();
});
afterAll(() => database.drop());
beforeEach(() => database.pool.query("delete from graphile_worker._private_jobs"));

const items: ImportContactsItem[] = ["a", "b", "c", "d"].map((name) => ({
  accountId: 1,
  email: `${name}@example.com`,
  name,
}));

/** The name that failed, for a result. */
function refuse({ name }: ImportContactsItem): Error {
  return new Error(`no ${name}`);
}

async function runWith(handler: ImportContactsHandler, on: WorkerListeners = {}): Promise<void> {
  const { connectionString } = database;
  const handlers = definePartialHandlers({ import_contacts: handler });
  await runOnce({ connectionString, handlers, on });
}

interface StoredJob {
  readonly payload: ImportContactsItem[];
  readonly attempts: number;
  readonly last_error: string | null;
  readonly waits: boolean;
}

async function stored(): Promise<StoredJob[]> {
  const { rows } = await database.pool.query<StoredJob>(
    "select *, run_at > now() as waits from graphile_worker._private_jobs order by id",
  );
  return rows;
}

test("a batch whose handler returns nothing is done", async () => {
  const seen: unknown[] = [];
  await addImportContacts(database.pool, items);
  await runWith(async (batch) => void seen.push(batch));
  expect(seen).toEqual([items]);
  expect(await stored()).toEqual([]);
});

test.each<[string, ImportContactsHandler]>([
  [
    "promises that reject",
    (batch) =>
      batch.map(async (item) => {
        if (item.name === "b" || item.name === "d") throw refuse(item);
      }),
  ],
  [
    "errors",
    async (batch) =>
      batch.map((item) => (item.name === "b" || item.name === "d" ? refuse(item) : null)),
  ],
  [
    "settled results",
    (batch) =>
      Promise.allSettled(
        batch.map(async (item) => {
          if (item.name === "b" || item.name === "d") throw refuse(item);
        }),
      ),
  ],
])("%s leave their items, and those alone, for the retry", async (_, handler) => {
  const errors: unknown[] = [];
  await addImportContacts(database.pool, items);
  await runWith(handler, { "job:error": ({ error }) => errors.push(error) });
  const [job] = await stored();
  expect(job).toMatchObject({
    payload: [items[1], items[3]],
    attempts: 1,
    waits: true,
    last_error: expect.stringContaining("item 1: no b\nitem 3: no d"),
  });
  expect(errors).toMatchObject([{ code: "BATCH_ITEMS_FAILED", details: { failed: [1, 3] } }]);
  expect(await countLocks(database.pool)).toBe(0);
});

test("an item is done once it was done: retries see only what failed before", async () => {
  const runs: (string | undefined)[][] = [];
  await addImportContacts(database.pool, items);
  for (let attempt = 0; attempt < 3; attempt += 1) {
    await database.pool.query("update graphile_worker._private_jobs set run_at = now()");
    await runWith((batch) => {
      runs.push(batch.map(({ name }) => name));
      return batch.map((item, index) => (index > 0 ? refuse(item) : undefined));
    });
  }
  expect(runs).toEqual([
    ["a", "b", "c", "d"],
    ["b", "c", "d"],
    ["c", "d"],
  ]);
  expect(await stored()).toMatchObject([{ payload: [items[3]], attempts: 3 }]);
});

test("the last attempt leaves the failed items, and is not tried again", async () => {
  const failed: unknown[] = [];
  await addImportContacts(database.pool, items, { maxAttempts: 1 });
  const handler: ImportContactsHandler = (batch) => [
    ...batch.slice(1).map(() => undefined),
    new Error("last"),
  ];
  await runWith(handler, { "job:failed": ({ error }) => failed.push(error) });
  expect(await stored()).toMatchObject([{ payload: [items[3]], attempts: 1, max_attempts: 1 }]);
  expect(failed).toHaveLength(1);
});

test.each<[string, unknown, string]>([
  ["too few results", [undefined], "it returned 1 results"],
  ["a number", 4, "it returned a value of type number"],
  ["an object", { ok: true }, "it returned a value of type object"],
  ["null", null, "it returned null"],
])("%s instead of one result an item fails the job whole", async (_, result, message) => {
  await addImportContacts(database.pool, items);
  await runWith(() => result as undefined);
  expect(await stored()).toMatchObject([
    { payload: items, attempts: 1, last_error: expect.stringContaining(message) },
  ]);
});

test("what the handler does to its array changes nothing", async () => {
  await addImportContacts(database.pool, items);
  await runWith((batch) => {
    const results = batch.map((item) => refuse(item));
    batch.splice(0);
    return results;
  });
  expect(await stored()).toMatchObject([{ payload: items }]);
});

test("items with characters that PostgreSQL refuses in text are kept for the retry", async () => {
  const odd = { accountId: 1, email: "odd@example.com", name: "nul \0, half \uD800" };
  await addImportContacts(database.pool, [odd, items[0]!]);
  await runWith(() => [new Error("again"), undefined]);
  const { rows } = await database.pool.query<{ payload: string }>(
    "select payload::text from graphile_worker._private_jobs",
  );
  expect(rows.map(({ payload }) => JSON.parse(payload) as unknown)).toEqual([[odd]]);
});

test("a shutdown keeps the items that were done, and doesn't count the attempt", async () => {
  const started = new Gate();
  await addImportContacts(database.pool, items);
  const handlers = definePartialHandlers({
    import_contacts: async (batch, { signal }) => {
      started.open();
      await new Promise((resolve) => signal.addEventListener("abort", resolve));
      return batch.map((_, index) => (index < 2 ? undefined : signal.reason));
    },
  });
  const { connectionString } = database;
  const worker = await startWorker({ connectionString, handlers, shutdownTimeoutMs: 0 });
  await started.opened;
  await worker.stop();
  expect(await stored()).toMatchObject([
    { payload: items.slice(2), attempts: 0, last_error: null, waits: false },
  ]);
  expect(await countLocks(database.pool)).toBe(0);
});

test("items added under a waiting job's key join it, and run in one batch", async () => {
  const { pool } = database;
  const seen: unknown[] = [];
  for (const item of items) await addImportContacts(pool, [item], { jobKey: "k" });
  await runWith((batch) => void seen.push(batch));
  expect(seen).toEqual([items]);
});

test("items added under the key of a failed batch join those that failed", async () => {
  const { pool } = database;
  await addImportContacts(pool, items.slice(0, 2), { jobKey: "k" });
  await runWith((batch) => batch.map((item, index) => (index === 0 ? refuse(item) : undefined)));
  await addImportContacts(pool, items.slice(2), { jobKey: "k" });
  expect(await stored()).toMatchObject([
    { payload: [items[0], items[2], items[3]], attempts: 0, waits: false },
  ]);
});

test("items added under the key of a running batch make a job of their own", async () => {
  const { pool } = database;
  const seen: unknown[] = [];
  await addImportContacts(pool, items.slice(0, 1), { jobKey: "k" });
  await runWith(async (batch, { db }) => {
    seen.push(batch);
    if (seen.length === 1) await addImportContacts(db, items.slice(1), { jobKey: "k" });
  });
  expect(seen).toEqual([items.slice(0, 1), items.slice(1)]);
});

test("a keyed batch that fails after more items were added under its key is tried again", async () => {
  const { pool } = database;
  const seen: unknown[] = [];
  await addImportContacts(pool, items.slice(0, 2), { jobKey: "k" });
  const handler: ImportContactsHandler = async (batch, { db }) => {
    seen.push(batch);
    if (seen.length > 1) return;
    await addImportContacts(db, items.slice(2), { jobKey: "k" });
    throw new Error("once");
  };
  await runWith(handler);
  expect(await stored()).toMatchObject([
    { payload: items.slice(0, 2), attempts: 1, max_attempts: 10, key: null, waits: true },
  ]);
  await pool.query("update graphile_worker._private_jobs set run_at = now()");
  await runWith(handler);
  expect(seen).toEqual([items.slice(0, 2), items.slice(2), items.slice(0, 2)]);
  expect(await stored()).toEqual([]);
});

test("a keyed batch on its last attempt is given back whole after items were added under its key", async () => {
  const { pool, connectionString } = database;
  const started = new Gate();
  await addImportContacts(pool, items.slice(0, 2), { jobKey: "k", maxAttempts: 1 });
  const handlers = definePartialHandlers({
    import_contacts: async (_, { signal }) => {
      started.open();
      await new Promise((_, reject) => signal.addEventListener("abort", reject));
    },
  });
  const worker = await startWorker({ connectionString, handlers, concurrency: 1 });
  await started.opened;
  await addImportContacts(pool, items.slice(2), { jobKey: "k" });
  await worker.stop({ force: true });
  expect(await stored()).toMatchObject([
    { payload: items.slice(0, 2), attempts: 0, waits: false },
    { payload: items.slice(2), attempts: 0, waits: false },
  ]);
});

test("a call with more items than a job may hold makes several jobs", async () => {
  const many = Array.from({ length: 1100 }, (_, n) => ({ accountId: n + 1, email: "a@b.example" }));
  await addImportContacts(database.pool, many);
  expect((await stored()).map(({ payload }) => payload.length)).toEqual([500, 500, 100]);
});

test("a payload that is not an array fails before it reaches the handler", async () => {
  await addJob(database.pool, "import_contacts", { payload: { accountId: 1 } });
  await runWith(() => {
    throw new Error("reached");
  });
  expect(await stored()).toMatchObject([
    { last_error: expect.stringContaining("must be an array of items") },
  ]);
});

test("a batch handler returns nothing or results, and anything else doesn't compile", () => {
  expectTypeOf<() => undefined>().toExtend<ImportContactsHandler>();
  expectTypeOf<
    (items: ImportContactsItem[]) => Promise<void>[]
  >().toExtend<ImportContactsHandler>();
  expectTypeOf<() => Promise<PromiseSettledResult<number>[]>>().toExtend<ImportContactsHandler>();
  expectTypeOf<() => number>().not.toExtend<ImportContactsHandler>();
  expectTypeOf<() => Promise<{ rows: string[] }>>().not.toExtend<ImportContactsHandler>();
});
