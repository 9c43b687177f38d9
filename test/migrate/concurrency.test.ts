import type { Pool } from "pg";
import { expect, test, vi } from "vitest";
import { inspectSchema, migrate } from "../../src/migrate/index.js";
import { createDatabase, type TestDatabase } from "../support/database.js";
import { migratePeer } from "../support/peer.js";

const times = <T>(count: number, fn: () => Promise<T>) =>
  Promise.all(Array.from({ length: count }, fn));

async function withDatabase(use: (database: TestDatabase) => Promise<void>): Promise<void> {
  const database = await createDatabase();
  try {
    await use(database);
  } finally {
    await database.drop();
  }
}

async function expectWhole({ pool }: TestDatabase): Promise<void> {
  expect(await inspectSchema({ pool })).toMatchObject({ status: "current", missing: [] });
  const { rows } = await pool.query("select count(*)::int from graphile_worker.migrations");
  expect(rows).toEqual([{ count: 20 }]);
  const { rows: added } = await pool.query("select id from graphile_worker.add_job('ready')");
  expect(added).toEqual([{ id: expect.any(String) }]);
}

test("of ten migrators on an empty database one migrates, and all end well", () =>
  withDatabase(async (database) => {
    const { pool, connectionString } = database;
    const results = await Promise.all([
      times(5, () => migrate({ pool })),
      times(5, () => migrate({ connectionString })),
    ]);
    expect(results.flat().filter(({ migrated }) => migrated)).toHaveLength(1);
    await expectWhole(database);
  }));

test("migrators of ours that come while graphile-worker 0.18 migrates end well, and so does it", () =>
  withDatabase(async (database) => {
    const { pool, connectionString } = database;
    const peers = times(3, () => migratePeer(20, connectionString));
    await vi.waitUntil(async () => (await inspectSchema({ pool })).status !== "missing", {
      timeout: 20_000,
      interval: 1,
    });
    const results = await times(4, () => migrate({ pool }));
    await peers;
    expect(results.filter(({ migrated }) => migrated)).toHaveLength(1);
    await expectWhole(database);
  }));

test("a peer that is in the midst of its migrations is waited for", () =>
  withDatabase(async (database) => {
    const { pool } = database;
    await migrate({ pool });
    await pool.query(`
      delete from graphile_worker.migrations where id > 17;
      update graphile_worker.migrations set ts = now();`);
    const peer = await pool.connect();
    const beginRevision = async (revision: number) => {
      await peer.query("begin");
      await peer.query("insert into graphile_worker.migrations (id) values ($1)", [revision]);
    };
    try {
      await beginRevision(18);
      const migrated = migrate({ pool });
      await untilBlocked(pool);
      // This attempt of the peer fails; the schema is still too old, but fresh.
      await peer.query("rollback");
      await beginRevision(18);
      await untilBlocked(pool);
      await peer.query("commit");
      expect(await migrated).toMatchObject({ migrated: true });
    } finally {
      peer.release();
    }
    await expectWhole(database);
  }));

/** Resolves once a migrator waits for the ledger. */
async function untilBlocked(pool: Pool): Promise<void> {
  await vi.waitUntil(
    async () => {
      const { rows } = await pool.query(
        "select from pg_locks where not granted and relation = 'graphile_worker.migrations'::regclass",
      );
      return rows.length > 0;
    },
    { timeout: 20_000 },
  );
}

test("ten migrators on a schema that needs an upgrade end well, beside the peer's upgrade", () =>
  withDatabase(async (database) => {
    const { pool, connectionString } = database;
    await migratePeer(18, connectionString);
    await Promise.all([
      migratePeer(20, connectionString),
      migratePeer(19, connectionString),
      times(10, () => migrate({ pool })),
    ]);
    await migrate({ pool });
    await expectWhole(database);
  }));
