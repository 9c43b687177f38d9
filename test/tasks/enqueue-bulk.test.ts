import { Readable } from "node:stream";
import { afterAll, beforeAll, beforeEach, describe, expect, expectTypeOf, test } from "vitest";
import { createClient, sendEmail, type SendEmailInput } from "../../generated/tasks/index.js";
import {
  BulkError,
  enqueueBulk,
  migrate,
  type BulkOptions,
  type ItemSource,
  type JobItem,
  type Plugin,
} from "../../src/index.js";
import { defineTask } from "../../src/tasks/task.js";
import { createDatabase, type TestDatabase } from "../support/database.js";

const schema = `odd "schema"`;
const task = defineTask<{ n: number }, { n: number }>({
  identifier: "count",
  schema,
  validator: (value) => typeof value === "object" && value !== null && "n" in value,
});

let database: TestDatabase;
beforeAll(async () => {
  database = await createDatabase();
  await migrate({ pool: database.pool });
  await migrate({ pool: database.pool, schema });
});
afterAll(() => database.drop());
beforeEach(() =>
  database.pool.query(
    `delete from "odd ""schema"""._private_jobs; delete from graphile_worker._private_jobs`,
  ),
);

type Item = JobItem<{ n: number }>;

/** Counts how many items were taken, and whether the source was told to end. */
class Source {
  taken = 0;
  isClosed = false;
  readonly #count: number;
  readonly #broken: ReadonlyMap<number, unknown>;

  constructor(count: number, broken: Record<number, unknown> = {}) {
    this.#count = count;
    this.#broken = new Map(Object.entries(broken).map(([n, item]) => [Number(n), item]));
  }

  *items(): Generator<Item> {
    try {
      for (let n = 0; n < this.#count; n++) {
        this.taken += 1;
        const broken = this.#broken.get(n);
        if (broken instanceof Error) throw broken;
        yield (broken ?? { payload: { n } }) as Item;
      }
    } finally {
      this.isClosed = true;
    }
  }

  async *stream(): AsyncGenerator<Item> {
    yield* this.items();
  }
}

async function numbers(): Promise<number[]> {
  const { rows } = await database.pool.query<{ n: number }>(
    `select (payload ->> 'n')::int as n from "odd ""schema"""._private_jobs order by id`,
  );
  return rows.map(({ n }) => n);
}

const upTo = (count: number) => Array.from({ length: count }, (_, n) => n);

/** The error of a bulk, once no item is wanted from its source any more. */
async function failureOf(bulk: Promise<unknown>): Promise<BulkError> {
  const error = await bulk.then(
    () => new Error("It succeeded."),
    (error: unknown) => error,
  );
  expect(error).toBeInstanceOf(BulkError);
  return error as BulkError;
}

describe.each(["items", "stream"] as const)("a bulk from %s", (kind) => {
  const add = (source: Source, options?: BulkOptions, db = database.pool) =>
    enqueueBulk(db, task, source[kind](), options);

  test("adds 100,000 jobs in order and never takes more than a chunk ahead", async () => {
    const source = new Source(100_001);
    let ahead = 0;
    let chunks = 0;
    let reported = 0;
    // Looked at when it is largest: as the statement is sent.
    const db = {
      query: (text: string, values: unknown[]) => {
        ahead = Math.max(ahead, source.taken - reported);
        chunks += 1;
        return database.pool.query(text, values);
      },
    };
    const onProgress = ({ added }: { added: number }) => {
      expect(added).toBe(Math.min(100_001, reported + 2000));
      reported = added;
    };
    const result = await enqueueBulk(db, task, source[kind](), { chunkSize: 2000, onProgress });
    expect(result).toEqual({ added: 100_001, skipped: 0 });
    expect([ahead, chunks, source.isClosed]).toEqual([2000, 51, true]);
    const { rows } = await database.pool.query(
      `select count(*)::int as jobs, count(distinct payload ->> 'n')::int as numbers,
        bool_and((payload ->> 'n')::int = place) as in_order
      from (
        select payload, row_number() over (order by id) - 1 as place
        from "odd ""schema"""._private_jobs
      ) as placed`,
    );
    expect(rows).toEqual([{ jobs: 100_001, numbers: 100_001, in_order: true }]);
  });

  test("tells which item is refused, and what went in before", async () => {
    const source = new Source(100, { 57: { payload: { m: 1 } } });
    const error = await failureOf(add(source, { chunkSize: 10 }));
    expect(error).toMatchObject({
      code: "BULK_FAILED",
      added: 50,
      skipped: 0,
      inDoubt: 0,
      index: 57,
      cause: { code: "PAYLOAD_INVALID" },
      details: { task: "count", added: 50, index: 57 },
    });
    expect(error.message).toMatch(/ended after 50. Item 57: The payload of task count breaks/u);
    expect(await numbers()).toEqual(upTo(50));
    expect([source.taken, source.isClosed]).toEqual([58, true]);
    const odd = new Source(3, { 1: { payload: { n: 1 }, spec: { priority: 0.5 } } });
    expect(await failureOf(add(odd))).toMatchObject({ index: 1, cause: { code: "SPEC_INVALID" } });
  });

  test("in one transaction, adds all or nothing", async () => {
    const { pool } = database;
    const broken = new Source(100, { 57: { payload: {} } });
    expect(await failureOf(add(broken, { chunkSize: 10, transaction: true }))).toMatchObject({
      added: 0,
      index: 57,
    });
    expect(await numbers()).toEqual([]);
    const seen: number[] = [];
    const onProgress = async ({ added }: { added: number }) => {
      // Nobody else sees any of it yet.
      seen.push(added, (await numbers()).length);
    };
    await add(new Source(30), { chunkSize: 10, transaction: true, onProgress });
    expect(seen).toEqual([10, 0, 20, 0, 30, 0]);
    expect(await numbers()).toEqual(upTo(30));
    expect(pool.idleCount).toBe(pool.totalCount);
  });

  test("in a transaction of the caller's, is gone with it", async () => {
    const client = await database.pool.connect();
    const within = (transaction: boolean) =>
      enqueueBulk(client, task, new Source(25, { 22: { payload: {} } })[kind](), {
        chunkSize: 10,
        transaction,
      });
    await client.query("begin");
    expect(await failureOf(within(true))).toMatchObject({ added: 20 });
    await client.query("rollback");
    expect(await numbers()).toEqual([]);
    await expect(within(true)).rejects.toMatchObject({ code: "OPTION_INVALID" });
    client.release();
  });

  test("stops at an abort, with what went in before", async () => {
    const source = new Source(1_000_000);
    const controller = new AbortController();
    const onProgress = ({ added }: { added: number }) => {
      if (added === 30) controller.abort(new Error("enough"));
    };
    const options = { chunkSize: 10, onProgress, signal: controller.signal };
    expect(await failureOf(add(source, options))).toMatchObject({
      added: 30,
      index: undefined,
      cause: { message: "enough" },
    });
    expect([source.taken, source.isClosed]).toEqual([30, true]);
    expect(await numbers()).toEqual(upTo(30));
    const late = new Source(10);
    expect(await failureOf(add(late, { signal: AbortSignal.abort() }))).toMatchObject({ added: 0 });
    expect(late.taken).toBe(0);
  });

  test("ends with its source's error, and with that of whoever watches", async () => {
    const source = new Source(100, { 25: new Error("the file ended") });
    expect(await failureOf(add(source, { chunkSize: 10 }))).toMatchObject({
      added: 20,
      index: undefined,
      cause: { message: "the file ended" },
    });
    const onProgress = () => Promise.reject(new Error("no more paper"));
    expect(await failureOf(add(new Source(100), { chunkSize: 10, onProgress }))).toMatchObject({
      added: 10,
      cause: { message: "no more paper" },
    });
  });

  test("says what is in doubt when its connection breaks", async () => {
    const source = new Source(100);
    const onProgress = async ({ added }: { added: number }) => {
      if (added !== 20) return;
      await database.pool.query(
        `select pg_terminate_backend(pid) from pg_stat_activity
        where datname = current_database() and pid <> pg_backend_pid() and state like 'idle%'`,
      );
    };
    const client = await database.pool.connect();
    client.on("error", () => {});
    const db = { query: (text: string, values: unknown[]) => client.query(text, values) };
    const bulk = enqueueBulk(db, task, source[kind](), { chunkSize: 10, onProgress });
    expect(await failureOf(bulk)).toMatchObject({ added: 20, inDoubt: 10, index: undefined });
    client.release(true);
    expect(await numbers()).toEqual(upTo(20));
  });
});

test("an item that never comes is not waited for after an abort", async () => {
  const controller = new AbortController();
  const stuck: ItemSource<Item> = {
    [Symbol.asyncIterator]: () => ({
      next: () => {
        setImmediate(() => controller.abort(new Error("enough")));
        return new Promise(() => {});
      },
    }),
  };
  const bulk = enqueueBulk(database.pool, task, stuck, { signal: controller.signal });
  expect(await failureOf(bulk)).toMatchObject({ added: 0, cause: { message: "enough" } });
});

test("long payloads make short chunks", async () => {
  const text = "x".repeat(1_500_000);
  const items = upTo(5).map((n) => ({ payload: { n, text } }));
  const seen: number[] = [];
  await enqueueBulk(database.pool, task, items, {
    onProgress: ({ added }) => void seen.push(added),
  });
  expect(seen).toEqual([3, 5]);
});

test("nothing to add is nothing to say", async () => {
  const onProgress = () => expect.unreachable();
  const result = await enqueueBulk(database.pool, task, [], { onProgress, transaction: true });
  expect(result).toEqual({ added: 0, skipped: 0 });
});

test("options that can't be meant are refused before anything is taken", async () => {
  const source = new Source(1);
  for (const options of [{ chunkSize: 0 }, { chunkSize: 10_001 }, { transaction: 1 }]) {
    const bulk = enqueueBulk(database.pool, task, source.items(), options as BulkOptions);
    await expect(bulk).rejects.toMatchObject({ code: "OPTION_INVALID" });
  }
  const misspelt = { chunksize: 10 } as BulkOptions;
  await expect(enqueueBulk(database.pool, task, source.items(), misspelt)).rejects.toThrow(
    /enqueueBulk has no option "chunksize". Did you mean "chunkSize"/u,
  );
  expect(source.taken).toBe(0);
});

describe("a client's bulk", () => {
  const email = (n: number) => ({
    payload: { to: "ada@example.com", subject: `Hello ${n}`, body: "…" },
  });

  test("takes a stream of objects, into its own schema", async () => {
    await using client = createClient({ pool: database.pool, schema });
    const items = Readable.from(upTo(25).map(email)) as ItemSource<JobItem<SendEmailInput>>;
    expect(await client.addBulk("send_email", items, { chunkSize: 10 })).toEqual({
      added: 25,
      skipped: 0,
    });
    expect(await numbers()).toHaveLength(25);
  });

  test("goes through its plugins, which may leave items out or refuse one", async () => {
    const picky: Plugin = {
      name: "picky",
      enqueue: async ({ payload }, next) => {
        const { subject } = payload as SendEmailInput;
        if (subject === "Hello 17") throw new Error("not this one");
        return Number(subject.slice(6)) % 2 === 0 ? next() : "skipped";
      },
    };
    const client = createClient({ pool: database.pool, plugins: [picky] });
    const options = { chunkSize: 10 };
    expect(await client.addBulk("send_email", upTo(15).map(email), options)).toEqual({
      added: 8,
      skipped: 7,
    });
    const error = await failureOf(client.addBulk("send_email", upTo(20).map(email), options));
    expect(error).toMatchObject({ added: 5, skipped: 5, cause: { message: "not this one" } });
    const invalid = [...upTo(14).map(email), { payload: { to: "?" } as SendEmailInput }];
    await expect(
      createClient({
        pool: database.pool,
        plugins: [{ name: "plain", enqueue: (_request, next) => next() }],
      }).addBulk("send_email", invalid, options),
    ).rejects.toMatchObject({ index: 14, added: 10, cause: { code: "PAYLOAD_INVALID" } });
  });

  test("is typed by its tasks", () => {
    const client = createClient({ pool: database.pool });
    expectTypeOf(client.addBulk<"send_email">)
      .parameter(1)
      .toEqualTypeOf<ItemSource<JobItem<SendEmailInput>>>();
    // @ts-expect-error There is no such task.
    expectTypeOf(client.addBulk).toBeCallableWith("send_mail", []);
    // @ts-expect-error The jobs of a batch task hold many items already.
    expectTypeOf(client.addBulk).toBeCallableWith("import_contacts", []);
    // @ts-expect-error The payload lacks a property.
    expectTypeOf(client.addBulk).toBeCallableWith("send_email", [{ payload: { to: "" } }]);
    // @ts-expect-error The payload lacks a property.
    void (() => enqueueBulk(database.pool, sendEmail, [{ payload: { to: "" } }]));
  });
});
