import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { completeJobs, removeJob } from "../../src/index.js";
import type { TestDatabase } from "../support/database.js";
import { addJob, createQueue } from "../worker/support.js";
import { ageLocks, claimOne, heldQueues, runningJobs } from "./queues.js";
import { claim, untilWaiting, withClient } from "./support.js";

// Jobs whose lock is so old that every peer declares their worker dead may be ended by hand. Their
// queues are freed with them.

let database: TestDatabase;
beforeAll(async () => {
  database = await createQueue();
});
afterAll(() => database.drop());
beforeEach(() =>
  database.pool.query(
    `truncate graphile_worker._private_jobs, graphile_worker._private_job_queues,
      graphile_worker._private_workers`,
  ),
);

describe("a job that was held for four hours", () => {
  const endings: Readonly<Record<string, (id: string) => Promise<unknown>>> = {
    complete_jobs: (id) =>
      database.pool.query("select graphile_worker.complete_jobs(array[$1::bigint])", [id]),
    completeJobs: (id) => completeJobs(database.pool, [id]),
    remove_job: () => database.pool.query("select graphile_worker.remove_job('k')"),
    removeJob: () => removeJob(database.pool, "k"),
  };

  test.each(Object.entries(endings))("frees its queue when %s deletes it", async (_name, end) => {
    const { pool } = database;
    await addJob(pool, "work", { queue: "q", key: "k" });
    await addJob(pool, "work", { queue: "other" });
    const next = await addJob(pool, "work", { queue: "q" });
    const { id } = await claimOne(database.pool, "busy");
    await claimOne(database.pool, "busy");
    await ageLocks(database.pool, "5 hours");
    await end(id);
    expect(await heldQueues(database.pool)).toEqual({ other: "busy" });
    expect((await claimOne(database.pool, "next")).id).toBe(next);
  });

  test.each(Object.entries(endings))(
    "leaves its queue to the worker that holds it by now when %s deletes it",
    async (_name, end) => {
      const { pool } = database;
      await addJob(pool, "work", { queue: "q", key: "k" });
      const { id } = await claimOne(database.pool, "lost");
      await ageLocks(database.pool, "5 hours");
      await database.pool.query(
        "update graphile_worker._private_job_queues set locked_by = 'present'",
      );
      await end(id);
      expect(await heldQueues(database.pool)).toEqual({ q: "present" });
    },
  );

  test.each(Object.entries(endings))(
    "frees its queue when %s deletes it, though the queue's row changes meanwhile",
    (_name, end) =>
      withClient(database.pool, async (client) => {
        const { pool } = database;
        await addJob(pool, "work", { queue: "q", key: "k" });
        const { id } = await claimOne(database.pool, "busy");
        await ageLocks(database.pool, "5 hours");
        await client.query("begin");
        await client.query("update graphile_worker._private_job_queues set locked_at = locked_at");
        const ended = end(id);
        await untilWaiting(pool);
        await client.query("commit");
        await ended;
        expect(await heldQueues(database.pool)).toEqual({});
      }),
  );

  test.each([
    "select graphile_worker.permanently_fail_jobs(array[$1::bigint])",
    "select graphile_worker.reschedule_jobs(array[$1::bigint], now())",
  ])("keeps its queue while it keeps its lock: %s", async (sql) => {
    await addJob(database.pool, "work", { queue: "q" });
    const { id } = await claimOne(database.pool, "busy");
    await ageLocks(database.pool, "5 hours");
    await database.pool.query(sql, [id]);
    expect(await heldQueues(database.pool)).toEqual({ q: "busy" });
    await database.pool.query("select graphile_worker.force_unlock_workers('{busy}')");
    expect(await heldQueues(database.pool)).toEqual({});
  });

  test.each([true, false])(
    "that ends while complete_jobs waits for it keeps the queue for the next one: completed %s",
    (isCompleted) =>
      withClient(database.pool, async (client) => {
        const { pool } = database;
        await addJob(pool, "work", { queue: "q" });
        await addJob(pool, "work", { queue: "q" });
        const { id } = await claimOne(database.pool, "busy");
        await ageLocks(database.pool, "5 hours");
        await client.query("begin");
        await client.query(
          isCompleted
            ? "delete from graphile_worker._private_jobs where id = $1"
            : `update graphile_worker._private_jobs
               set locked_at = null, locked_by = null, run_at = now() + interval '1 hour' where id = $1`,
          [id],
        );
        await client.query(
          "update graphile_worker._private_job_queues set locked_at = null, locked_by = null",
        );
        await claim(client, "busy", 1);
        const completed = database.pool.query(
          "select graphile_worker.complete_jobs(array[$1::bigint])",
          [id],
        );
        await untilWaiting(pool);
        await client.query("commit");
        await completed;
        expect(await runningJobs(database.pool)).toEqual({ q: 1 });
        expect(await heldQueues(database.pool)).toEqual({ q: "busy" });
      }),
  );
});
