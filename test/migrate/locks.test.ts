import { Client } from "pg";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import type { TaskwrightError } from "../../src/errors.js";
import { inspectSchema, migrate, uninstall } from "../../src/migrate/index.js";
import { createDatabase, type TestDatabase } from "../support/database.js";
import { migratePeer } from "../support/peer.js";

let database: TestDatabase;
/** A session whose transaction has added a job and stays open. */
let holder: Client;
beforeEach(async () => {
  database = await createDatabase();
  await migratePeer(20, database.connectionString);
  // Otherwise the peer could still be in the midst of its migrations.
  await database.pool.query("update graphile_worker.migrations set ts = now() - interval '1 day'");
  const url = new URL(database.connectionString);
  url.searchParams.set("application_name", "the-importer");
  holder = new Client({ connectionString: url.href });
  await holder.connect();
});
afterEach(async () => {
  await holder.end();
  await database.drop();
});

async function holdJob(): Promise<number> {
  await holder.query("begin");
  await holder.query("select graphile_worker.add_job('secret_task', '{\"password\": \"sesame\"}')");
  const { rows } = await holder.query<{ pid: number }>("select pg_backend_pid() as pid");
  return rows[0]?.pid ?? expect.fail("There is no pid.");
}

async function refusal(work: Promise<unknown>): Promise<TaskwrightError> {
  return work.then(
    () => expect.fail("It was not refused."),
    (error: unknown) => error as TaskwrightError,
  );
}

async function untilWaiting(sql: string): Promise<void> {
  await vi.waitUntil(async () => (await database.pool.query(sql)).rows.length > 0, {
    timeout: 20_000,
    interval: 5,
  });
}

const waitsForLock = `select from pg_stat_activity
  where datname = current_database() and wait_event_type = 'Lock' and pid <> pg_backend_pid()`;

test("jobs are added while migrate waits for a transaction that added one", async () => {
  await holdJob();
  const migrated = migrate({ pool: database.pool });
  await untilWaiting(waitsForLock);

  const adding = new Client({ connectionString: database.connectionString });
  await adding.connect();
  try {
    await adding.query("set lock_timeout = '100ms'");
    for (let n = 0; n < 20; n += 1) await adding.query("select graphile_worker.add_job('other')");
  } finally {
    await adding.end();
  }
  expect(await inspectSchema({ pool: database.pool })).toMatchObject({ status: "upgradable" });

  await holder.query("commit");
  expect(await migrated).toMatchObject({ migrated: true, state: { status: "current" } });
});

test("after the time for locks the error names the session that holds them, and no data", async () => {
  const pid = await holdJob();

  const error = await refusal(
    migrate({ pool: database.pool, lockTimeoutMs: 50, waitForLocksMs: 200 }),
  );

  expect(error).toMatchObject({ code: "SCHEMA_LOCKED", details: { schema: "graphile_worker" } });
  expect(error.details["holders"]).toContainEqual(
    expect.objectContaining({
      pid,
      relation: "_private_jobs",
      mode: "RowExclusiveLock",
      applicationName: "the-importer",
      state: "idle in transaction",
      command: "select",
      queryStart: expect.stringMatching(/^20.*Z$/u),
    }),
  );
  expect(error.message).toMatch(
    new RegExp(`pid ${pid} \\(application the-importer, .*RowExclusiveLock on _private_jobs`, "u"),
  );
  expect(JSON.stringify([error.message, error.details])).not.toMatch(/sesame|secret_task/u);

  await holder.query("rollback");
  expect(await migrate({ pool: database.pool })).toMatchObject({ migrated: true });
});

test("the settings of the session are as before, also after a failure", async () => {
  await holdJob();
  const client = new Client({ connectionString: database.connectionString });
  await client.connect();
  try {
    await client.query("set lock_timeout = '7s'; set statement_timeout = '11s'");
    await refusal(migrate({ client, lockTimeoutMs: 50, waitForLocksMs: 100 }));
    const { rows } = await client.query(
      "select current_setting('lock_timeout') as lock, current_setting('statement_timeout') as statement",
    );
    expect(rows).toEqual([{ lock: "7s", statement: "11s" }]);
  } finally {
    await client.end();
  }
});

test("an index whose build was interrupted counts as missing and is built again", async () => {
  const { pool } = database;
  await migrate({ pool });
  await pool.query("drop index graphile_worker.taskwright_queue_heads_index");
  await holdJob();
  // Interrupted by its end of patience: the half-built index stays behind.
  await refusal(migrate({ pool, lockTimeoutMs: 50, waitForLocksMs: 100 }));
  await holder.query("commit");
  const isValid = async () => {
    const { rows } = await pool.query<{ indisvalid: boolean }>(
      "select indisvalid from pg_index where indexrelid = 'graphile_worker.taskwright_queue_heads_index'::regclass",
    );
    return rows.map(({ indisvalid }) => indisvalid);
  };
  expect(await isValid()).toEqual([false]);
  expect(await inspectSchema({ pool })).toMatchObject({
    status: "upgradable",
    missing: ["taskwright_queue_heads_index"],
  });

  expect(await migrate({ pool })).toMatchObject({ migrated: true });

  expect(await isValid()).toEqual([true]);
  expect(await migrate({ pool })).toMatchObject({ migrated: false });
});

test("migrators that build the same indexes at once end well", async () => {
  await holdJob();
  const { connectionString, pool } = database;
  const migrating = Promise.all(Array.from({ length: 5 }, () => migrate({ connectionString })));
  await untilWaiting(waitsForLock);
  await holder.query("commit");
  await migrating;
  expect(await inspectSchema({ pool })).toMatchObject({ status: "current", missing: [] });
});

test("right after a peer's migration a small table is indexed in the transaction, attempt by attempt", async () => {
  const { pool } = database;
  await pool.query("update graphile_worker.migrations set ts = now()");
  await holdJob();
  const error = await refusal(migrate({ pool, lockTimeoutMs: 50, waitForLocksMs: 200 }));
  expect(error).toMatchObject({ code: "SCHEMA_LOCKED" });
  const { rows } = await pool.query(
    "select from pg_class where relname = 'taskwright_queue_heads_index'",
  );
  expect(rows).toEqual([]);
  await holder.query("commit");
  expect(await migrate({ pool })).toMatchObject({ migrated: true });
});

test("right after a peer's migration a large table is indexed only when the peer has ended", async () => {
  const { pool } = database;
  await pool.query(`
    update graphile_worker.migrations set ts = now();
    update pg_class set relpages = 5000
    where relname = '_private_jobs' and relnamespace = 'graphile_worker'::regnamespace;`);
  const migrated = migrate({ pool });
  await untilWaiting(
    "select from pg_stat_activity where datname = current_database() and query like '%relpages as%' and pid <> pg_backend_pid()",
  );
  expect(await inspectSchema({ pool })).toMatchObject({ status: "upgradable" });
  await pool.query("update graphile_worker.migrations set ts = now() - interval '1 day'");
  expect(await migrated).toMatchObject({ migrated: true, state: { status: "current" } });
});

test("a table that another session locks entirely is given way to, attempt by attempt", async () => {
  await holder.query("begin; lock table graphile_worker.migrations in share mode");
  const error = await refusal(
    migrate({ pool: database.pool, lockTimeoutMs: 50, waitForLocksMs: 100 }),
  );
  expect(error).toMatchObject({ code: "SCHEMA_LOCKED" });
  expect(error.message).toContain("ShareLock on migrations");
  await holder.query("rollback");
  expect(await migrate({ pool: database.pool })).toMatchObject({ migrated: true });
});

test("uninstall gives up on a transaction that added a job, and drops nothing", async () => {
  const { pool } = database;
  await migrate({ pool });
  await holdJob();
  const error = await refusal(uninstall({ pool, lockTimeoutMs: 50, waitForLocksMs: 100 }));
  expect(error).toMatchObject({ code: "SCHEMA_LOCKED" });
  expect(await inspectSchema({ pool })).toMatchObject({ status: "current" });
  await holder.query("rollback");
  expect(await uninstall({ pool })).toMatchObject({ uninstalled: true });
});
