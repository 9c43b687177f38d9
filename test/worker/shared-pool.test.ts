import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import type { TestDatabase } from "../support/database.js";
import { FatalProxy } from "../support/fatal-proxy.js";
import { TestProcess } from "../support/process.js";
import { createQueue, until } from "./support.js";

let database: TestDatabase;
let process: TestProcess | undefined;
let proxy: FatalProxy;
beforeAll(async () => {
  database = await createQueue();
  proxy = await FatalProxy.before(database.connectionString);
});
afterEach(async () => {
  await process?.end();
});
afterAll(async () => {
  await proxy.close();
  await database.drop();
});

const script = "test/worker/processes/shared-pool.ts";
const name = "shared-pool";

/** A connection string whose connections can be told apart from the test's. */
function named(connectionString: string): string {
  const url = new URL(connectionString);
  url.searchParams.set("application_name", name);
  return url.href;
}

async function backends(): Promise<number[]> {
  const { rows } = await database.pool.query<{ pid: number }>(
    "select pid from pg_stat_activity where application_name = $1",
    [name],
  );
  return rows.map(({ pid }) => pid);
}

test("a process outlives cut connections of a pool whose first worker and client have stopped", async () => {
  process = TestProcess.startScript(script, named(database.connectionString), "share");
  await process.printed("done");
  for (let round = 0; round < 3; round++) {
    const before = await backends();
    expect(before.length).toBeGreaterThan(0);
    await database.pool.query("select pg_terminate_backend(pid) from unnest($1::int[]) as pid", [
      before,
    ]);
    // The worker that is left goes on with connections of the same pool.
    await until(async () => (await backends()).some((pid) => !before.includes(pid)));
  }
  process.signal("SIGTERM");
  await process.printed("alive");
});

test("a process outlives a server that shuts down in the moment in which it accepts a connection", async () => {
  proxy.strike(100);
  process = TestProcess.startScript(script, proxy.through(database.connectionString), "connect");
  await process.printed("done");
  expect(proxy.struck).toBeGreaterThanOrEqual(8);
  process.signal("SIGTERM");
  await process.printed("alive");
});
