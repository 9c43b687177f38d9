import { createRequire } from "node:module";
import os from "node:os";
import { Client } from "pg";
import { nodeVersion } from "./process.js";

/** What figures depend on and can't be compared without. */
export function describeMachine(): string {
  const cpus = os.cpus();
  const memoryGb = Math.round(os.totalmem() / 1024 ** 3);
  const load = os.loadavg().map((value) => value.toFixed(1));
  return [
    `${os.type()} ${os.release()}, ${cpus.length} x ${cpus[0]?.model.trim() ?? "unknown"}, ${memoryGb} GB`,
    `load average ${load.join(", ")}: anything else that runs distorts the rates, CPU times less so`,
    `Node ${nodeVersion()}, taskwright ${version("../package.json")}, graphile-worker ${version(
      "../test/interop/peer/node_modules/graphile-worker/package.json",
    )}`,
  ].join("\n");
}

/** The server's version and the settings that decide what a commit costs. */
export async function describeServer(connectionString: string): Promise<string> {
  const client = new Client({ connectionString });
  await client.connect();
  try {
    const { rows } = await client.query<{ name: string; setting: string }>(
      `select name, setting from pg_settings
       where name in ('server_version', 'fsync', 'synchronous_commit')`,
    );
    const setting = (name: string) => rows.find((row) => row.name === name)?.setting ?? "?";
    return `PostgreSQL ${setting("server_version")}, fsync ${setting("fsync")}, synchronous_commit ${setting("synchronous_commit")}`;
  } finally {
    await client.end();
  }
}

function version(file: string): string {
  const require = createRequire(import.meta.url);
  return (require(file) as { version: string }).version;
}
