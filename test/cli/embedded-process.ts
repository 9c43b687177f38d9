/** Starts an embedded server, says where it is, and ends in the given way without stopping the server. */
import { Client } from "pg";
import { startEmbeddedServer } from "../../src/cli/embedded.js";

const { connectionString } = await startEmbeddedServer();
const client = new Client({ connectionString });
await client.connect();
const { rows } = await client.query<{ data_directory: string }>("show data_directory");
await client.end();
process.stdout.write(`${JSON.stringify({ connectionString, folder: rows[0]?.data_directory })}\n`);

const endings: Readonly<Record<string, () => void>> = {
  returns: () => {
    process.exitCode = 3;
  },
  exits: () => process.exit(3),
  throws: () => {
    throw new Error("thrown on purpose");
  },
  rejects: () => {
    void Promise.reject(new Error("rejected on purpose"));
  },
  waits: () => {
    setInterval(() => {}, 1_000);
  },
};
endings[process.argv[2] ?? ""]?.();
