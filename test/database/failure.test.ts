import { Client, Pool } from "pg";
import { afterAll, beforeAll, expect, test } from "vitest";
import {
  breaksConnection,
  isTransient,
  serverFailure,
  sqlState,
} from "../../src/database/failure.js";
import { createDatabase, type TestDatabase } from "../support/database.js";

let database: TestDatabase;
beforeAll(async () => {
  database = await createDatabase();
});
afterAll(() => database.drop());

function failureOf(promise: Promise<unknown>): Promise<unknown> {
  return promise.then(
    () => expect.fail("It did not fail."),
    (error: unknown) => error,
  );
}

async function raise(state: string): Promise<unknown> {
  return failureOf(
    database.pool.query(`do $$ begin raise exception 'x' using errcode = '${state}'; end $$`),
  );
}

test.each([
  ["08006", true, true],
  ["25006", true, true],
  ["40001", true, false],
  ["40P01", true, false],
  ["53300", true, false],
  ["55P03", true, false],
  ["57014", true, false],
  ["57P01", true, true],
  ["57P03", true, true],
  ["23505", false, false],
  ["42P01", false, false],
  ["22P02", false, false],
  ["GWBKM", false, false],
])("%s: transient %s, breaks the connection %s", async (state, transient, breaking) => {
  const error = await raise(state);
  expect(sqlState(error)).toBe(state);
  expect([isTransient(error), breaksConnection(error)]).toEqual([transient, breaking]);
});

test("a server that isn't there, or is there under no such name, is transient", async () => {
  for (const host of ["127.0.0.1", "localhost", "no-such-host.invalid", "/no/such/socket"]) {
    const client = new Client({ host, port: 1, user: "x" });
    const error = await failureOf(client.connect());
    expect([host, sqlState(error), isTransient(error)]).toEqual([host, undefined, true]);
  }
});

test("a wrong database is not transient", async () => {
  const url = new URL(database.connectionString);
  url.pathname = "/no_such_database";
  const error = await failureOf(new Client({ connectionString: url.href }).connect());
  expect([sqlState(error), isTransient(error)]).toEqual(["3D000", false]);
});

test("a connection that is cut during a query, and used after, is transient and broken", async () => {
  const client = new Client({ connectionString: database.connectionString });
  client.on("error", () => {});
  await client.connect();
  const cut = await failureOf(client.query("select pg_terminate_backend(pg_backend_pid())"));
  const after = await failureOf(client.query("select 1"));
  for (const error of [cut, after]) {
    expect([isTransient(error), breaksConnection(error)]).toEqual([true, true]);
  }
});

test("a pool that has no connection to give in time is transient", async () => {
  const pool = new Pool({
    connectionString: database.connectionString,
    max: 1,
    connectionTimeoutMillis: 50,
  });
  const held = await pool.connect();
  expect(isTransient(await failureOf(pool.query("select 1")))).toBe(true);
  held.release();
  await pool.end();
});

test("what isn't an error of the database is neither", () => {
  for (const thrown of [new Error("x"), new TypeError("y"), "text", null, undefined, { code: 7 }]) {
    expect([sqlState(thrown), isTransient(thrown), breaksConnection(thrown)]).toEqual([
      undefined,
      false,
      false,
    ]);
  }
});

test("what PostgreSQL said is found below the errors of drivers and their wrappers", () => {
  const original = Object.assign(new Error("no such table"), { code: "42P01" });
  const wrapped = new Error("Failed query: select … params: secret", { cause: original });
  expect(serverFailure(wrapped)).toEqual({ state: "42P01", message: "no such table" });
  // Prisma's errors before version 7, whose engine can't be run here.
  const prisma = Object.assign(new Error("Raw query failed."), {
    code: "P2010",
    meta: { code: "42P01", message: "no such table" },
  });
  expect(serverFailure(prisma)).toEqual({ state: "42P01", message: "no such table" });
  const lost = new Error("Failed query", {
    cause: Object.assign(new Error(), { code: "ECONNRESET" }),
  });
  expect([serverFailure(lost), isTransient(lost)]).toEqual([undefined, true]);
});

test("causes that form a circle are looked at once", () => {
  const error: Error & { cause?: unknown } = new Error("around");
  error.cause = error;
  expect([sqlState(error), isTransient(error)]).toEqual([undefined, false]);
});
