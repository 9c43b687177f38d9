import { afterAll, beforeAll, expect, test } from "vitest";
import * as api from "../../src/index.js";
import type { TestDatabase } from "../support/database.js";
import { addJob, createQueue, listJobs } from "../worker/support.js";

const snowman = "☃";

let database: TestDatabase;
beforeAll(async () => {
  database = await createQueue("WIN1252");
});
afterAll(() => database.drop());

test("a string that the database's encoding lacks is refused in the words of the function that was given it", async () => {
  const { pool } = database;
  const id = await addJob(pool, "work");
  const before = await listJobs(pool);
  const calls = {
    permanentlyFailJobs: () => api.permanentlyFailJobs(pool, [id], snowman),
    removeJob: () => api.removeJob(pool, snowman),
    listJobs: () => api.listJobs(pool, { task: snowman }),
    pauseTask: () => api.pauseTask(pool, snowman),
    pauseQueue: () => api.pauseQueue(pool, "q", { reason: snowman }),
    resumeQueue: () => api.resumeQueue(pool, snowman),
    forceUnlockWorkers: () => api.forceUnlockWorkers(pool, [snowman]),
    sweep: () => api.sweep(pool, { resilientFlags: [snowman] }),
    cleanup: () =>
      api.cleanup(pool, { tasks: ["GC_TASK_IDENTIFIERS"], taskIdentifiersToKeep: [snowman] }),
  };
  for (const [owner, call] of Object.entries(calls)) {
    const failure: unknown = await call().catch((error: unknown) => error);
    expect(failure).toMatchObject({
      code: "OPTION_INVALID",
      message: expect.stringContaining(`${owner} was given a string`) as string,
      details: { sqlState: "22P05" },
    });
    expect(failure).not.toMatchObject({ message: expect.stringContaining("payload") as string });
  }
  expect(await listJobs(pool)).toEqual(before);
});

test("a time that PostgreSQL can't read is refused in the words of the function that was given it", async () => {
  const id = await addJob(database.pool, "work");
  const runAt = new Date(-8.64e15);
  await expect(api.rescheduleJobs(database.pool, [id], { runAt })).rejects.toMatchObject({
    code: "OPTION_INVALID",
    message: expect.stringContaining("rescheduleJobs was given a value") as string,
  });
});
