import { randomBytes } from "node:crypto";
import { Client, Pool } from "pg";
import { inject } from "vitest";
import { plainTypes } from "./plain-types.js";

/** An empty database of its own, dropped when the test file is done. */
export interface TestDatabase {
  readonly connectionString: string;
  readonly pool: Pool;
  drop(): Promise<void>;
}

/**
 * Creates a database of a random name on the run's server.
 * @param encoding The database's own, such as `LATIN1`. Default: the server's.
 */
export async function createDatabase(encoding?: string): Promise<TestDatabase> {
  const serverUrl = inject("serverUrl");
  const name = `taskwright_test_${randomBytes(6).toString("hex")}`;
  const options = encoding === undefined ? "" : encodedAs(encoding);
  await onServer(serverUrl, `create database ${name} ${options}`);
  for (const [setting, value] of inject("settings")) {
    await onServer(serverUrl, `alter database ${name} set ${setting} = '${value}'`);
  }
  const url = new URL(serverUrl);
  url.pathname = `/${name}`;
  const pool = new Pool({ connectionString: url.href, max: 20, types: plainTypes });
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

function encodedAs(encoding: string): string {
  return `template template0 encoding '${encoding}' lc_collate 'C' lc_ctype 'C'`;
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
