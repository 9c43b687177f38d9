import { Client } from "pg";
import { inject } from "vitest";
import type { TestDatabase } from "./database.js";
import { plainTypes } from "./plain-types.js";

/** Cuts all connections to a database, and refuses new ones until `fn` is done. */
export async function withOutage<T>(database: TestDatabase, fn: () => Promise<T>): Promise<T> {
  const name = new URL(database.connectionString).pathname.slice(1);
  const client = new Client({ connectionString: inject("serverUrl"), types: plainTypes });
  await client.connect();
  try {
    await client.query(`alter database ${name} allow_connections false`);
    await client.query(
      "select pg_terminate_backend(pid) from pg_stat_activity where datname = $1",
      [name],
    );
    return await fn();
  } finally {
    await client.query(`alter database ${name} allow_connections true`);
    await client.end();
  }
}
