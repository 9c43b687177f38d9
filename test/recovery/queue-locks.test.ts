import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { forceUnlockWorkers } from "../../src/index.js";
import type { TestDatabase } from "../support/database.js";
import { addJob, createQueue, until } from "../worker/support.js";
import { ageLocks, claimOne, heldQueues, runningJobs } from "./queues.js";
import {
  claim,
  registerDead,
  settle,
  sweepOnce,
  untilWaiting,
  untilWaitingOrDone,
  withClient,
} from "./support.js";

// A queue is freed together with the job that its holder runs: sooner, and two of its jobs run at
// once; not at all, and none runs any more.

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

/** Ends a job as versions before this one did: its queue stays locked. */
const deleteAlone = (id: string) =>
  database.pool.query("delete from graphile_worker._private_jobs where id = $1", [id]);

describe("taking a worker's locks away", () => {
  const ways: Readonly<Record<string, () => Promise<unknown>>> = {
    force_unlock_workers: () =>
      database.pool.query("select graphile_worker.force_unlock_workers('{w,w}')"),
    forceUnlockWorkers: () => forceUnlockWorkers(database.pool, ["w"]),
    recover_dead_worker_jobs: () =>
      database.pool.query(
        "select graphile_worker.recover_dead_worker_jobs('{w,w}', interval '1 hour')",
      ),
    sweep: () => sweepOnce(database.pool, { recoveryDelayMs: 3_600_000 }),
  };

  test.each(Object.entries(ways))(
    "%s leaves a queue whose next job the worker has claimed meanwhile",
    (_name, take) =>
      withClient(database.pool, async (client) => {
        const { pool } = database;
        await registerDead(pool, "w");
        const held = await addJob(pool, "work", { priority: -1 });
        await claimOne(database.pool, "w");
        await addJob(pool, "work", { queue: "q" });
        await addJob(pool, "work", { queue: "q" });
        const first = await claimOne(database.pool, "w");
        // Keeps the other one waiting, in the midst of what it does.
        await client.query("begin");
        await client.query("select from graphile_worker._private_jobs where id = $1 for update", [
          held,
        ]);
        const taken = take();
        await untilWaitingOrDone(pool, taken);
        await settle(pool, "w", first, "completed");
        await claimOne(database.pool, "w");
        await client.query("commit");
        await taken;
        expect(await runningJobs(database.pool)).toEqual({ q: 1 });
        expect(await heldQueues(database.pool)).toEqual({ q: "w" });
        await claim(pool, "another");
        expect(await runningJobs(database.pool)).toEqual({ q: 1 });
      }),
  );

  test.each(Object.entries(ways))(
    "%s leaves a queue that another worker claims meanwhile",
    (_name, take) =>
      withClient(database.pool, async (client) => {
        const { pool } = database;
        await registerDead(pool, "w");
        await addJob(pool, "work", { queue: "q" });
        await addJob(pool, "work", { queue: "q" });
        const first = await claimOne(database.pool, "w");
        await client.query("begin");
        await settle(client, "w", first, "completed");
        await claim(client, "another", 1);
        const taken = take();
        await untilWaitingOrDone(pool, taken);
        await client.query("commit");
        await taken;
        expect(await runningJobs(database.pool)).toEqual({ q: 1 });
        expect(await heldQueues(database.pool)).toEqual({ q: "another" });
      }),
  );

  test.each(Object.entries(ways))(
    "%s frees jobs and queues of all holders named",
    async (_name, take) => {
      const { pool } = database;
      await registerDead(pool, "w");
      for (const queue of ["a", "b"]) await addJob(pool, "work", { queue });
      await addJob(pool, "work");
      expect(await claim(pool, "w")).toHaveLength(3);
      await addJob(pool, "work", { queue: "c" });
      await claimOne(database.pool, "alive");
      await take();
      expect(await heldQueues(database.pool)).toEqual({ c: "alive" });
      expect(await runningJobs(database.pool)).toEqual({ c: 1 });
    },
  );

  test.each(Object.entries(ways))(
    "%s leaves the queue of a job to the worker that holds it by now",
    async (_name, take) => {
      const { pool } = database;
      await registerDead(pool, "w");
      await addJob(pool, "work", { queue: "q" });
      await claimOne(database.pool, "w");
      await database.pool.query(
        "update graphile_worker._private_job_queues set locked_by = 'present'",
      );
      await take();
      expect(await runningJobs(database.pool)).toEqual({});
      expect(await heldQueues(database.pool)).toEqual({ q: "present" });
    },
  );

  test.each(Object.entries(ways))(
    "%s waits for the queue of a job that another transaction changes",
    (_name, take) =>
      withClient(database.pool, async (client) => {
        const { pool } = database;
        await registerDead(pool, "w");
        await addJob(pool, "work", { queue: "q" });
        await claimOne(database.pool, "w");
        await client.query("begin");
        await client.query("update graphile_worker._private_job_queues set locked_at = locked_at");
        const taken = take();
        await untilWaiting(pool);
        await client.query("commit");
        await taken;
        expect(await heldQueues(database.pool)).toEqual({});
      }),
  );

  test.each(Object.entries(ways))(
    "%s frees a queue that is locked without a job",
    async (_name, take) => {
      const { pool } = database;
      await registerDead(pool, "w");
      await addJob(pool, "work", { queue: "q" });
      await deleteAlone((await claimOne(database.pool, "w")).id);
      expect(await heldQueues(database.pool)).toEqual({ q: "w" });
      await take();
      expect(await heldQueues(database.pool)).toEqual({});
    },
  );

  test.each(Object.entries(ways))(
    "%s leaves a queue that was locked without a job and is claimed just now",
    (_name, take) =>
      withClient(database.pool, async (client) => {
        const { pool } = database;
        await registerDead(pool, "w");
        await addJob(pool, "work", { queue: "q" });
        await deleteAlone((await claimOne(database.pool, "w")).id);
        await addJob(pool, "work", { queue: "q" });
        await client.query("begin");
        await client.query(
          "update graphile_worker._private_job_queues set locked_at = null, locked_by = null",
        );
        await claim(client, "w");
        await take();
        await client.query("commit");
        expect(await runningJobs(database.pool)).toEqual({ q: 1 });
        expect(await heldQueues(database.pool)).toEqual({ q: "w" });
      }),
  );
});

describe("a sweep", () => {
  test("frees a queue that was locked for four hours without a job, whoever holds it", async () => {
    const { pool } = database;
    for (const queue of ["young", "running", "left", "left too"])
      await addJob(pool, "work", { queue });
    const [, , left, leftToo] = await claim(pool, "alive");
    await deleteAlone(left?.id ?? "");
    await deleteAlone(leftToo?.id ?? "");
    await ageLocks(database.pool, "5 hours");
    await database.pool.query(
      `update graphile_worker._private_job_queues set locked_by = 'gone' where queue_name = 'left too';
       delete from graphile_worker._private_jobs using graphile_worker._private_job_queues as queues
       where job_queue_id = queues.id and queue_name = 'young';
       update graphile_worker._private_job_queues set locked_at = now() where queue_name = 'young'`,
    );
    await sweepOnce(pool);
    expect(await heldQueues(database.pool)).toEqual({ young: "alive", running: "alive" });
  });

  test("doesn't forget a dead worker before its queues are free", async () => {
    const { pool } = database;
    await registerDead(pool, "w");
    await addJob(pool, "work", { queue: "q" });
    await deleteAlone((await claimOne(database.pool, "w")).id);
    const workers = async () =>
      (await pool.query("select id from graphile_worker._private_workers")).rows as unknown[];
    await withClient(pool, async (client) => {
      await client.query("begin");
      await client.query("select from graphile_worker._private_job_queues for update");
      await sweepOnce(pool);
      expect(await workers()).toEqual([{ id: "w" }]);
    });
    await sweepOnce(pool);
    expect(await workers()).toEqual([]);
    expect(await heldQueues(database.pool)).toEqual({});
  });

  test("wakes workers for a queue that it frees", () =>
    withClient(database.pool, async (client) => {
      const { pool } = database;
      await addJob(pool, "work", { queue: "q" });
      await deleteAlone((await claimOne(database.pool, "gone")).id);
      await ageLocks(database.pool, "5 hours");
      const heard: string[] = [];
      client.on("notification", ({ channel }) => heard.push(channel));
      await client.query(`listen "jobs:insert"`);
      await sweepOnce(pool);
      await until(() => heard.includes("jobs:insert"));
      await client.query("unlisten *");
    }));
});
