import { Pool } from "pg";
import { afterAll, afterEach, beforeAll, beforeEach, expect, test, vi } from "vitest";
import { Database, type DatabaseOptions } from "../../src/database/database.js";
import type { Executor } from "../../src/database/executor.js";
import { bindQueries } from "../../src/database/queries.js";
import { createDatabase, type TestDatabase } from "../support/database.js";

let server: TestDatabase;
let database: Database;
beforeAll(async () => {
  server = await createDatabase();
  await server.pool.query("create table notes (text text check (text <> ''))");
});
afterAll(() => server.drop());
beforeEach(async () => {
  await server.pool.query("truncate notes");
  database = new Database({ connectionString: server.connectionString, maxPoolSize: 2 });
});
afterEach(() => database.end());

const write = (db: Executor, text: string) => db.query("insert into notes values ($1)", [text]);

async function notes(): Promise<string[]> {
  const { rows } = await server.pool.query<{ text: string }>("select text from notes");
  return rows.map(({ text }) => text);
}

async function backend(db: Executor): Promise<string> {
  const { rows } = await db.query("select pg_backend_pid()::text as pid", []);
  return (rows[0] as { pid: string }).pid;
}

test("a transaction commits when its function resolves, and gives what that gave", async () => {
  const given = await database.withTransaction(async (tx) => {
    await write(tx, "a");
    expect(await notes()).toEqual([]);
    return 7;
  });
  expect(given).toBe(7);
  expect(await notes()).toEqual(["a"]);
});

test("a transaction rolls back when its function rejects, and its connection is used again", async () => {
  let pid = "";
  const failing = database.withTransaction(async (tx) => {
    pid = await backend(tx);
    await write(tx, "a");
    throw new Error("Not so.");
  });
  await expect(failing).rejects.toThrow("Not so.");
  expect(await notes()).toEqual([]);
  expect(await backend(database)).toBe(pid);
});

test("a transaction whose failed statement was swallowed is not taken for committed", async () => {
  const failing = database.withTransaction(async (tx) => {
    await write(tx, "a");
    await write(tx, "").catch(() => {});
  });
  await expect(failing).rejects.toMatchObject({ code: "TRANSACTION_ABORTED" });
  expect(await notes()).toEqual([]);
});

test("what comes after the end of a transaction is refused", async () => {
  const tx = await database.withTransaction((tx) => Promise.resolve(tx));
  await expect(write(tx, "late")).rejects.toMatchObject({ code: "TRANSACTION_ENDED" });
  await expect(tx.execute({ name: "n", text: "select 1", values: [] })).rejects.toMatchObject({
    code: "TRANSACTION_ENDED",
  });
});

test("a connection that is cut in a transaction does not go back to the pool", async () => {
  let pid = "";
  const failing = database.withTransaction(async (tx) => {
    pid = await backend(tx);
    await server.pool.query("select pg_terminate_backend($1)", [pid]);
    await vi.waitUntil(async () => !(await isAlive(pid)));
    throw new Error("The handler's own.");
  });
  await expect(failing).rejects.toThrow("The handler's own.");
  expect(await backend(database)).not.toBe(pid);
});

test("a given pool hears of broken idle connections, and is neither ended nor changed for good", async () => {
  const pool = new Pool({ connectionString: server.connectionString, max: 1 });
  const given = new Database({ pool });
  const pid = await backend(given);
  const removed = vi.fn<() => void>();
  pool.on("remove", removed);
  await server.pool.query("select pg_terminate_backend($1)", [pid]);
  await vi.waitUntil(() => removed.mock.calls.length > 0);
  expect(await backend(given)).not.toBe(pid);
  await given.end();
  expect(pool.listenerCount("error")).toBe(0);
  await pool.end();
});

test("a given pool is guarded whatever listeners it has, until its last user ends", async () => {
  const pool = new Pool();
  pool.once("error", () => {});
  const users = Array.from({ length: 12 }, () => new Database({ pool }));
  expect(pool.listenerCount("error")).toBe(2);
  for (const user of users.slice(1)) {
    await user.end();
    await user.end();
  }
  const fail = () => pool.emit("error", new Error("cut"), undefined);
  // The first takes the listener of `once`. Without another the second would throw.
  expect(fail()).toBe(true);
  expect(fail()).toBe(true);
  await users[0]?.end();
  expect(pool.listenerCount("error")).toBe(0);
});

test("a pool of our own hears of errors that come after its end", async () => {
  const ended = new Database({ connectionString: server.connectionString });
  await ended.query("select 1", []);
  await ended.end();
  // Without a listener this throws, and would end the process.
  expect(() => ended.pool.emit("error", new Error("late"), undefined as never)).not.toThrow();
});

test("statements stay prepared by name, unless that is turned off", async () => {
  const prepared = async (options: DatabaseOptions) => {
    const db = new Database({ ...options, maxPoolSize: 1 });
    try {
      const queries = bindQueries({ schema: 'a "b"', preparedStatements: true });
      await queries.inspectCatalogue(db, { schema: "x" });
      await db.withTransaction((tx) => queries.inspectCatalogue(tx, { schema: "x" }));
      const { rows } = await db.query("select name from pg_prepared_statements", []);
      return rows;
    } finally {
      await db.end();
    }
  };
  const { connectionString } = server;
  expect(await prepared({ connectionString })).toEqual([
    { name: expect.stringMatching(/^taskwright_inspectCatalogue_[0-9a-f]{16}$/u) },
  ]);
  expect(await prepared({ connectionString, preparedStatements: false })).toEqual([]);
});

test("a database needs a connection string or a pool, not both", () => {
  const { pool, connectionString } = server;
  for (const options of [{}, { pool, connectionString }]) {
    expect(() => new Database(options)).toThrow(
      expect.objectContaining({ code: "OPTION_INVALID" }) as Error,
    );
  }
});

async function isAlive(pid: string): Promise<boolean> {
  const { rows } = await server.pool.query("select from pg_stat_activity where pid = $1", [pid]);
  return rows.length > 0;
}
