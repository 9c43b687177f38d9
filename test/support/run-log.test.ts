import { afterAll, beforeAll, expect, test } from "vitest";
import { migrate } from "../../src/index.js";
import { createDatabase, type TestDatabase } from "./database.js";
import { RunLog } from "./run-log.js";

let database: TestDatabase;
let log: RunLog;
beforeAll(async () => {
  database = await createDatabase();
  await migrate({ pool: database.pool });
  log = await RunLog.open(database.connectionString);
});
afterAll(async () => {
  await log.close();
  await database.drop();
});

test("the log tells jobs that failed, jobs that overlapped in a queue and jobs that are left", async () => {
  const { connectionString } = database;
  await log.record({ id: "1", queueName: "q" }, "a", async () => {});
  await log.assertSound(1, connectionString);
  await expect(log.assertSound(2, connectionString)).rejects.toThrow("jobs that were completed");

  const failing = log.record({ id: "2", queueName: "q" }, "a", () =>
    Promise.reject(new Error("no")),
  );
  await expect(failing).rejects.toThrow("no");
  expect(await log.countCompleted()).toBe(1);

  await database.pool.query("select graphile_worker.add_job('left', '{}')");
  await expect(log.assertSound(1, connectionString)).rejects.toThrow("what is left");
  await database.pool.query("delete from graphile_worker._private_jobs");

  await log.record({ id: "3", queueName: "q" }, "a", () =>
    log.record({ id: "4", queueName: "q" }, "b", async () => {}),
  );
  await expect(log.assertSound(3, connectionString)).rejects.toThrow("at the same time");
});
