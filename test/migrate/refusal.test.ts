import { randomBytes } from "node:crypto";
import { Client, Pool } from "pg";
import { afterEach, beforeEach, expect, test } from "vitest";
import type { TaskwrightError } from "../../src/errors.js";
import { inspectSchema, migrate, type MigrateOptions } from "../../src/migrate/index.js";
import { createDatabase, type TestDatabase } from "../support/database.js";

let database: TestDatabase;
beforeEach(async () => {
  database = await createDatabase();
});
afterEach(() => database.drop());

async function refusal(options: MigrateOptions): Promise<TaskwrightError> {
  return migrate(options).then(
    () => expect.fail("It was not refused."),
    (error: unknown) => error as TaskwrightError,
  );
}

async function setRevisions(...rows: [id: number, breaking: boolean][]): Promise<void> {
  for (const [id, breaking] of rows) {
    await database.pool.query(
      "insert into graphile_worker.migrations (id, breaking, ts) values ($1, $2, now() - interval '1 day')",
      [id, breaking],
    );
  }
}

test("a schema from before revision 18 is refused with the peer to upgrade with", async () => {
  const { pool } = database;
  await migrate({ pool });
  await pool.query("truncate graphile_worker.migrations");
  await setRevisions([16, true], [17, false]);
  const error = await refusal({ pool });
  expect(error).toMatchObject({
    code: "SCHEMA_TOO_OLD",
    details: { revision: 17, oldest: 18, upgradeWith: "graphile-worker@0.16.6" },
  });
  expect(error.message).toContain("npx graphile-worker@0.16.6 --schema-only");
});

test("a ledger from before there was a column for breaking revisions is read too", async () => {
  const { pool } = database;
  await pool.query(`
    create schema graphile_worker;
    create table graphile_worker.migrations (id int primary key, ts timestamptz not null);
    insert into graphile_worker.migrations values (10, '2021-01-01');`);
  expect(await refusal({ pool })).toMatchObject({ code: "SCHEMA_TOO_OLD" });
});

test("a newer breaking revision is refused", async () => {
  const { pool } = database;
  await migrate({ pool });
  await setRevisions([21, true], [22, false]);
  expect(await refusal({ pool })).toMatchObject({
    code: "SCHEMA_TOO_NEW",
    details: { revision: 22, breakingRevision: 21, latest: 20 },
  });
});

test("a newer harmless revision keeps its functions, gets our additions and a warning", async () => {
  const { pool } = database;
  await migrate({ pool });
  await setRevisions([21, false]);
  await pool.query(`
    drop table graphile_worker._private_workers;
    drop function graphile_worker.remove_job;
    create function graphile_worker.remove_job(job_key text) returns graphile_worker._private_jobs
      language sql as 'select null::graphile_worker._private_jobs';`);
  expect(await inspectSchema({ pool })).toMatchObject({ status: "newer" });

  const result = await migrate({ pool });

  expect(result).toMatchObject({ migrated: true, state: { status: "newer", missing: [] } });
  expect(result.warnings).toEqual([expect.stringContaining("revision 21")]);
  const { rows } = await pool.query(
    "select prosrc from pg_proc where proname = 'remove_job' and pronamespace = 'graphile_worker'::regnamespace",
  );
  expect(rows).toEqual([{ prosrc: "select null::graphile_worker._private_jobs" }]);
  expect(await migrate({ pool })).toMatchObject({ migrated: false });
});

test("tables of another program under the schema's name are refused and left alone", async () => {
  const { pool } = database;
  await pool.query("create schema graphile_worker; create table graphile_worker.jobs (id int)");
  expect(await refusal({ pool })).toMatchObject({ code: "SCHEMA_FOREIGN" });
  await pool.query("drop table graphile_worker.jobs");
  await pool.query("create table graphile_worker.migrations (id text, name text)");
  expect(await refusal({ pool })).toMatchObject({ code: "SCHEMA_FOREIGN" });
});

test("a relation that is in the way is refused, and nothing is left behind", async () => {
  const { pool } = database;
  await pool.query("create schema graphile_worker; create table graphile_worker.jobs_pkey1 ()");
  expect(await refusal({ pool })).toMatchObject({ code: "SCHEMA_FOREIGN" });
  expect(await inspectSchema({ pool })).toMatchObject({ status: "empty" });
});

test("a schema that is there and empty, or shared with other tables, takes a queue", async () => {
  const { pool } = database;
  await pool.query("create schema given; create table given.users (id int)");
  expect(await migrate({ pool, schema: "given" })).toMatchObject({
    migrated: true,
    state: { status: "current" },
  });
});

test("a read-only session is told so, but only when there is something to do", async () => {
  const url = new URL(database.connectionString);
  url.searchParams.set("options", "-c default_transaction_read_only=on");
  expect(await refusal({ connectionString: url.href })).toMatchObject({
    code: "DATABASE_READ_ONLY",
  });
  await migrate({ pool: database.pool });
  expect(await migrate({ connectionString: url.href })).toMatchObject({ migrated: false });
});

test("a role without the right to migrate is told so, and no password is shown", async () => {
  const role = `role_${randomBytes(4).toString("hex")}`;
  await database.pool.query(`create role ${role} login password 'open sesame'`);
  try {
    const url = new URL(database.connectionString);
    url.username = role;
    url.password = "open sesame";
    const error = await refusal({ connectionString: url.href });
    expect(error).toMatchObject({ code: "PRIVILEGE_MISSING", details: { sqlState: "42501" } });
    expect(JSON.stringify([error.message, error.details])).not.toContain("sesame");
  } finally {
    await database.pool.query(`drop role ${role}`);
  }
});

test("a client in a transaction is refused, since our commit would be its commit", async () => {
  const client = new Client({ connectionString: database.connectionString });
  await client.connect();
  try {
    await client.query("begin");
    expect(await refusal({ client })).toMatchObject({ code: "OPTION_INVALID" });
    await client.query("rollback");
    expect(await migrate({ client })).toMatchObject({ migrated: true });
  } finally {
    await client.end();
  }
});

test("exactly one source of connections is taken, and unknown options are refused", async () => {
  const pool = new Pool();
  expect(await refusal({})).toMatchObject({ code: "OPTION_INVALID" });
  expect(await refusal({ pool, connectionString: "postgres://" })).toMatchObject({
    code: "OPTION_INVALID",
  });
  const misspelt = { pool, schemas: "x" };
  expect(await refusal(misspelt)).toMatchObject({ code: "OPTION_UNKNOWN" });
  expect(await refusal({ pool, schema: "x".repeat(64) })).toMatchObject({ code: "OPTION_INVALID" });
});
