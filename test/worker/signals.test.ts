import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import { createDatabase, type TestDatabase } from "../support/database.js";
import { TestProcess } from "../support/process.js";
import { Proxy } from "../support/proxy.js";
import { addJob, countLocks, createQueue, listJobs } from "./support.js";

const graceful: NodeJS.Signals[] = ["SIGTERM", "SIGINT", "SIGHUP", "SIGUSR2", "SIGABRT"];
let database: TestDatabase;
let logDatabase: TestDatabase;
let proxy: Proxy;
let child: TestProcess;
/** The number of the worker that the process is at; a process takes seconds to start, a worker not. */
let round = 0;

beforeAll(async () => {
  [database, logDatabase] = await Promise.all([createQueue(), createDatabase()]);
  proxy = await Proxy.before(database.connectionString);
  child = TestProcess.startScript(
    "test/worker/processes/worker.ts",
    JSON.stringify({
      name: "child",
      connectionString: proxy.through(database.connectionString),
      logUrl: logDatabase.connectionString,
      rounds: graceful.length + 2,
    }),
  );
});
afterAll(async () => {
  await child.end();
  await proxy.close();
  await Promise.all([database.drop(), logDatabase.drop()]);
});
afterEach(async () => {
  await database.pool.query("delete from graphile_worker._private_jobs");
});

async function startJob(task: string): Promise<void> {
  round += 1;
  await child.printed(`ready ${round}`);
  await addJob(database.pool, task, { queue: "q" });
  await child.printed(`running ${round}`);
}

for (const signal of graceful) {
  test(`${signal} lets a running job finish`, async () => {
    await startJob("brief");
    child.signal(signal);
    await child.printed(`finished ${round}`);
    expect(await listJobs(database.pool)).toEqual([]);
    expect(await countLocks(database.pool)).toBe(0);
  });
}

test("a second signal aborts what runs and gives it back", async () => {
  await startJob("endless");
  child.signal("SIGTERM");
  await child.printed(`stopping ${round}`);
  child.signal("SIGINT");
  await child.printed(`finished ${round}`);
  const attempts = (await listJobs(database.pool)).map((job) => job.attempts);
  expect(attempts).toEqual([0]);
  expect(await countLocks(database.pool)).toBe(0);
});

test("a process ends by itself, even when its database fell silent", async () => {
  await startJob("brief");
  proxy.goDeaf();
  child.signal("SIGTERM");
  expect(await child.exit).toEqual({ code: 0, signal: null });
  expect(child.lines.slice(-2)).toEqual([`left 1 in ${round}`, `finished ${round}`]);
});
