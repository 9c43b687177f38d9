import { Client } from "pg";
import { ContenderProcess } from "./process.js";

let made = 0;

/** A database with a contender's own schema, for one run; dropped after it. */
export async function withDatabase<T>(
  serverUrl: string,
  contender: string,
  use: (connectionString: string, client: Client) => Promise<T>,
): Promise<T> {
  const name = `taskwright_bench_${process.pid}_${made++}`;
  const server = new Client({ connectionString: serverUrl });
  await server.connect();
  await server.query(`create database ${name}`);
  const url = new URL(serverUrl);
  url.pathname = `/${name}`;
  const client = new Client({ connectionString: url.href });
  try {
    await install(contender, url.href);
    await client.connect();
    return await use(url.href, client);
  } finally {
    await client.end();
    await server.query(
      "select pg_terminate_backend(pid) from pg_stat_activity where datname = $1",
      [name],
    );
    await server.query(`drop database ${name}`);
    await server.end();
  }
}

/** Each contender installs its own functions and indexes by starting once. */
async function install(contender: string, connectionString: string): Promise<void> {
  const worker = await ContenderProcess.start(contender, connectionString, 1);
  await worker.stop();
}
