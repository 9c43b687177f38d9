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
  try {
    await server.query(`create database ${name}`);
    const url = new URL(serverUrl);
    url.pathname = `/${name}`;
    try {
      return await useDatabase(contender, url.href, use);
    } finally {
      await server.query(
        "select pg_terminate_backend(pid) from pg_stat_activity where datname = $1",
        [name],
      );
      await server.query(`drop database ${name}`);
    }
  } finally {
    await server.end();
  }
}

async function useDatabase<T>(
  contender: string,
  connectionString: string,
  use: (connectionString: string, client: Client) => Promise<T>,
): Promise<T> {
  await install(contender, connectionString);
  const client = new Client({ connectionString });
  await client.connect();
  try {
    return await use(connectionString, client);
  } finally {
    await client.end();
  }
}

/** Each contender installs its own functions and indexes by starting once. */
async function install(contender: string, connectionString: string): Promise<void> {
  const worker = await ContenderProcess.start(contender, connectionString, 1);
  await worker.stop();
}
