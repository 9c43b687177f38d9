import { randomBytes } from "node:crypto";
import { Client, Pool } from "pg";
import { inject } from "vitest";

/** An empty database of its own, dropped when the test file is done. */
export interface TestDatabase {
  readonly connectionString: string;
  readonly pool: Pool;
  drop(): Promise<void>;
}

/** Creates a database of a random name on the run's server. */
export async function createDatabase(): Promise<TestDatabase> {
  const serverUrl = inject("serverUrl");
  const name = `taskwright_test_${randomBytes(6).toString("hex")}`;
  await onServer(serverUrl, `create database ${name}`);
  const url = new URL(serverUrl);
  url.pathname = `/${name}`;
  const pool = new Pool({ connectionString: url.href, max: 20 });
  // Tests cut connections on purpose; an idle client's error must not end the run.
  pool.on("error", () => {});
  return {
    connectionString: url.href,
    pool,
    drop: async () => {
      await pool.end();
      await onServer(
        serverUrl,
        `select pg_terminate_backend(pid) from pg_stat_activity where datname = '${name}'`,
      );
      await onServer(serverUrl, `drop database if exists ${name}`);
    },
  };
}

async function onServer(serverUrl: string, sql: string): Promise<void> {
  const client = new Client({ connectionString: serverUrl });
  await client.connect();
  try {
    await client.query(sql);
  } finally {
    await client.end();
  }
}
