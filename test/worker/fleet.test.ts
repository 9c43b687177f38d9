import { afterAll, beforeAll, expect, test } from "vitest";
import { createDatabase, type TestDatabase } from "../support/database.js";
import { peerFolder, peerNode } from "../support/peer.js";
import { TestProcess } from "../support/process.js";
import { RunLog } from "../support/run-log.js";
import { addJobs, createQueue, until } from "./support.js";

let database: TestDatabase;
let logDatabase: TestDatabase;
let log: RunLog;
beforeAll(async () => {
  [database, logDatabase] = await Promise.all([createQueue(), createDatabase()]);
  log = await RunLog.open(logDatabase.connectionString);
});
afterAll(async () => {
  await log.close();
  await Promise.all([database.drop(), logDatabase.drop()]);
});

test("two processes and graphile-worker share queues, each of whose jobs run one at a time", async () => {
  const { connectionString, pool } = database;
  const logUrl = logDatabase.connectionString;
  const startOne = (name: string) =>
    TestProcess.startScript(
      "test/worker/processes/worker.ts",
      JSON.stringify({ connectionString, logUrl, name }),
    );
  const ours = [startOne("first"), startOne("second")];
  const script = ["run-logged.js", connectionString, logUrl, "quick"];
  const peer = TestProcess.start(peerNode(), script, peerFolder);
  const fleet = [...ours, peer];
  try {
    await Promise.all([...ours.map((member) => member.printed("ready 1")), peer.printed("ready")]);
    const jobs = 600;
    for (let part = 0; part < 6; part++) {
      await addJobs(pool, "quick", jobs / 12, { queue: "queue-%", queues: 9 });
      await addJobs(pool, "quick", jobs / 12);
    }
    await until(async () => (await log.countCompleted()) === jobs);
    for (const member of fleet) member.signal("SIGTERM");
    const exits = await Promise.all(fleet.map(({ exit }) => exit));
    expect(exits).toEqual(fleet.map(() => ({ code: 0, signal: null })));
    await log.assertSound(jobs, connectionString);
    expect(await log.workers()).toEqual(["first", "peer", "second"]);
  } finally {
    await Promise.all(fleet.map((member) => member.end()));
  }
});
