import { randomBytes } from "node:crypto";
import { Pool } from "pg";
import type { TestDatabase } from "./database.js";

/** A role that may connect to a test's database, and nothing else. */
export interface TestRole {
  readonly name: string;
  readonly connectionString: string;
  readonly pool: Pool;
  drop(): Promise<void>;
}

/** @param suffix What the role's name ends with, such as a character that needs quoting. */
export async function createRole(database: TestDatabase, suffix = ""): Promise<TestRole> {
  const name = `taskwright_test_${randomBytes(6).toString("hex")}${suffix}`;
  const quoted = `"${name.replaceAll('"', '""')}"`;
  await database.pool.query(`create role ${quoted} login password 'open sesame'`);
  const url = new URL(database.connectionString);
  url.username = encodeURIComponent(name);
  url.password = "open sesame";
  const pool = new Pool({ connectionString: url.href, max: 5 });
  pool.on("error", () => {});
  return {
    name,
    connectionString: url.href,
    pool,
    drop: async () => {
      await pool.end();
      await database.pool.query(`drop owned by ${quoted}; drop role ${quoted}`);
    },
  };
}
