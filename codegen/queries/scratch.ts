import { randomBytes } from "node:crypto";
import { Client, DatabaseError } from "pg";
import type { Problem } from "../problem.js";
import type { SqlFile } from "./load.js";

/** A database that carries the migrations, made for one run of codegen. */
export interface Scratch {
  readonly connectionString: string;
  readonly problems: Problem[];
  drop(): Promise<void>;
}

/** Creates a database of a random name beside the given one and applies the migrations to it. */
export async function prepareScratch(
  serverConnectionString: string,
  migrations: readonly SqlFile[],
): Promise<Scratch> {
  const name = `taskwright_codegen_${randomBytes(6).toString("hex")}`;
  await withClient(serverConnectionString, (client) => client.query(`create database ${name}`));
  const url = new URL(serverConnectionString);
  url.pathname = `/${name}`;
  const connectionString = url.href;
  const drop = () =>
    withClient(serverConnectionString, async (client) => {
      // Not `with (force)`: PostgreSQL 12 doesn't have it.
      await client.query(
        "select pg_terminate_backend(pid) from pg_stat_activity where datname = $1",
        [name],
      );
      await client.query(`drop database if exists ${name}`);
    });
  try {
    const problems = await withClient(connectionString, (client) =>
      applyMigrations(client, migrations),
    );
    return { connectionString, problems, drop };
  } catch (error) {
    await drop();
    throw error;
  }
}

async function applyMigrations(client: Client, migrations: readonly SqlFile[]): Promise<Problem[]> {
  for (const { relativePath, text } of migrations) {
    try {
      await client.query(text);
    } catch (error) {
      if (!(error instanceof DatabaseError)) throw error;
      const before = text.slice(0, Math.max(0, Number(error.position ?? 1) - 1));
      const line = before.split("\n").length;
      const hint = error.hint ?? "Fix the migration, then run codegen again.";
      return [{ file: relativePath, line, rule: "broken-migration", message: error.message, hint }];
    }
  }
  return [];
}

async function withClient<T>(
  connectionString: string,
  use: (client: Client) => Promise<T>,
): Promise<T> {
  const client = new Client({ connectionString });
  await client.connect();
  try {
    return await use(client);
  } finally {
    await client.end();
  }
}
