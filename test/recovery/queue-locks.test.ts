import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { completeJobs, forceUnlockWorkers, removeJob } from "../../src/index.js";
import type { TestDatabase } from "../support/database.js";
import { addJob, createQueue, until } from "../worker/support.js";
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

async function rows<T>(sql: string, values: unknown[] = []): Promise<T[]> {
  return (await database.pool.query(sql, values)).rows as T[];
}

/** The holders of queues that are locked, by their names. */
async function heldQueues(): Promise<Record<string, string>> {
  const held = await rows<{ queue_name: string; locked_by: string }>(
    "select queue_name, locked_by from graphile_worker._private_job_queues where locked_at is not null",
  );
  return Object.fromEntries(held.map(({ queue_name, locked_by }) => [queue_name, locked_by]));
}

/** How many jobs of each queue are locked. */
async function runningJobs(): Promise<Record<string, number>> {
  const running = await rows<{ name: string; count: number }>(
    `select queue_name as name, count(*)::int from graphile_worker.jobs
     where locked_at is not null and queue_name is not null group by queue_name`,
  );
  return Object.fromEntries(running.map(({ name, count }) => [name, count]));
}

/** As if all locks were taken so long ago. */
const age = (time: string) =>
  rows(
    `with jobs as (
       update graphile_worker._private_jobs set locked_at = now() - $1::interval
       where locked_at is not null
     )
     update graphile_worker._private_job_queues set locked_at = now() - $1::interval
     where locked_at is not null`,
    [time],
  );

/** Ends a job as versions before this one did: its queue stays locked. */
const deleteAlone = (id: string) =>
  rows("delete from graphile_worker._private_jobs where id = $1", [id]);

async function claimOne(workerId: string): Promise<{ id: string; locked_at: string }> {
  const [job] = await claim(database.pool, workerId, 1);
  return job ?? expect.fail("Nothing was claimed.");
}

describe("a job that was held for four hours", () => {
  const endings: Readonly<Record<string, (id: string) => Promise<unknown>>> = {
    complete_jobs: (id) => rows("select graphile_worker.complete_jobs(array[$1::bigint])", [id]),
    completeJobs: (id) => completeJobs(database.pool, [id]),
    remove_job: () => rows("select graphile_worker.remove_job('k')"),
    removeJob: () => removeJob(database.pool, "k"),
  };

  test.each(Object.entries(endings))("frees its queue when %s deletes it", async (_name, end) => {
    const { pool } = database;
    await addJob(pool, "work", { queue: "q", key: "k" });
    await addJob(pool, "work", { queue: "other" });
    const next = await addJob(pool, "work", { queue: "q" });
    const { id } = await claimOne("busy");
    await claimOne("busy");
    await age("5 hours");
    await end(id);
    expect(await heldQueues()).toEqual({ other: "busy" });
    expect((await claimOne("next")).id).toBe(next);
  });

  test.each(Object.entries(endings))(
    "leaves its queue to the worker that holds it by now when %s deletes it",
    async (_name, end) => {
      const { pool } = database;
      await addJob(pool, "work", { queue: "q", key: "k" });
      const { id } = await claimOne("lost");
      await age("5 hours");
      await rows("update graphile_worker._private_job_queues set locked_by = 'present'");
      await end(id);
      expect(await heldQueues()).toEqual({ q: "present" });
    },
  );

  test.each(Object.entries(endings))(
    "frees its queue when %s deletes it, though the queue's row changes meanwhile",
    (_name, end) =>
      withClient(database.pool, async (client) => {
        const { pool } = database;
        await addJob(pool, "work", { queue: "q", key: "k" });
        const { id } = await claimOne("busy");
        await age("5 hours");
        await client.query("begin");
        await client.query("update graphile_worker._private_job_queues set locked_at = locked_at");
        const ended = end(id);
        await untilWaiting(pool);
        await client.query("commit");
        await ended;
        expect(await heldQueues()).toEqual({});
      }),
  );

  test.each([
    "select graphile_worker.permanently_fail_jobs(array[$1::bigint])",
    "select graphile_worker.reschedule_jobs(array[$1::bigint], now())",
  ])("keeps its queue while it keeps its lock: %s", async (sql) => {
    await addJob(database.pool, "work", { queue: "q" });
    const { id } = await claimOne("busy");
    await age("5 hours");
    await rows(sql, [id]);
    expect(await heldQueues()).toEqual({ q: "busy" });
    await rows("select graphile_worker.force_unlock_workers('{busy}')");
    expect(await heldQueues()).toEqual({});
  });

  test.each([true, false])(
    "that ends while complete_jobs waits for it keeps the queue for the next one: completed %s",
    (isCompleted) =>
      withClient(database.pool, async (client) => {
        const { pool } = database;
        await addJob(pool, "work", { queue: "q" });
        await addJob(pool, "work", { queue: "q" });
        const { id } = await claimOne("busy");
        await age("5 hours");
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
        const completed = rows("select graphile_worker.complete_jobs(array[$1::bigint])", [id]);
        await untilWaiting(pool);
        await client.query("commit");
        await completed;
        expect(await runningJobs()).toEqual({ q: 1 });
        expect(await heldQueues()).toEqual({ q: "busy" });
      }),
  );
});

describe("taking a worker's locks away", () => {
  const ways: Readonly<Record<string, () => Promise<unknown>>> = {
    force_unlock_workers: () => rows("select graphile_worker.force_unlock_workers('{w,w}')"),
    forceUnlockWorkers: () => forceUnlockWorkers(database.pool, ["w"]),
    recover_dead_worker_jobs: () =>
      rows("select graphile_worker.recover_dead_worker_jobs('{w,w}', interval '1 hour')"),
    sweep: () => sweepOnce(database.pool, { recoveryDelayMs: 3_600_000 }),
  };

  test.each(Object.entries(ways))(
    "%s leaves a queue whose next job the worker has claimed meanwhile",
    (_name, take) =>
      withClient(database.pool, async (client) => {
        const { pool } = database;
        await registerDead(pool, "w");
        const held = await addJob(pool, "work", { priority: -1 });
        await claimOne("w");
        await addJob(pool, "work", { queue: "q" });
        await addJob(pool, "work", { queue: "q" });
        const first = await claimOne("w");
        // Keeps the other one waiting, in the midst of what it does.
        await client.query("begin");
        await client.query("select from graphile_worker._private_jobs where id = $1 for update", [
          held,
        ]);
        const taken = take();
        await untilWaitingOrDone(pool, taken);
        await settle(pool, "w", first, "completed");
        await claimOne("w");
        await client.query("commit");
        await taken;
        expect(await runningJobs()).toEqual({ q: 1 });
        expect(await heldQueues()).toEqual({ q: "w" });
        await claim(pool, "another");
        expect(await runningJobs()).toEqual({ q: 1 });
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
        const first = await claimOne("w");
        await client.query("begin");
        await settle(client, "w", first, "completed");
        await claim(client, "another", 1);
        const taken = take();
        await untilWaitingOrDone(pool, taken);
        await client.query("commit");
        await taken;
        expect(await runningJobs()).toEqual({ q: 1 });
        expect(await heldQueues()).toEqual({ q: "another" });
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
      await claimOne("alive");
      await take();
      expect(await heldQueues()).toEqual({ c: "alive" });
      expect(await runningJobs()).toEqual({ c: 1 });
    },
  );

  test.each(Object.entries(ways))(
    "%s leaves the queue of a job to the worker that holds it by now",
    async (_name, take) => {
      const { pool } = database;
      await registerDead(pool, "w");
      await addJob(pool, "work", { queue: "q" });
      await claimOne("w");
      await rows("update graphile_worker._private_job_queues set locked_by = 'present'");
      await take();
      expect(await runningJobs()).toEqual({});
      expect(await heldQueues()).toEqual({ q: "present" });
    },
  );

  test.each(Object.entries(ways))(
    "%s waits for the queue of a job that another transaction changes",
    (_name, take) =>
      withClient(database.pool, async (client) => {
        const { pool } = database;
        await registerDead(pool, "w");
        await addJob(pool, "work", { queue: "q" });
        await claimOne("w");
        await client.query("begin");
        await client.query("update graphile_worker._private_job_queues set locked_at = locked_at");
        const taken = take();
        await untilWaiting(pool);
        await client.query("commit");
        await taken;
        expect(await heldQueues()).toEqual({});
      }),
  );

  test.each(Object.entries(ways))(
    "%s frees a queue that is locked without a job",
    async (_name, take) => {
      const { pool } = database;
      await registerDead(pool, "w");
      await addJob(pool, "work", { queue: "q" });
      await deleteAlone((await claimOne("w")).id);
      expect(await heldQueues()).toEqual({ q: "w" });
      await take();
      expect(await heldQueues()).toEqual({});
    },
  );

  test.each(Object.entries(ways))(
    "%s leaves a queue that was locked without a job and is claimed just now",
    (_name, take) =>
      withClient(database.pool, async (client) => {
        const { pool } = database;
        await registerDead(pool, "w");
        await addJob(pool, "work", { queue: "q" });
        await deleteAlone((await claimOne("w")).id);
        await addJob(pool, "work", { queue: "q" });
        await client.query("begin");
        await client.query(
          "update graphile_worker._private_job_queues set locked_at = null, locked_by = null",
        );
        await claim(client, "w");
        await take();
        await client.query("commit");
        expect(await runningJobs()).toEqual({ q: 1 });
        expect(await heldQueues()).toEqual({ q: "w" });
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
    await age("5 hours");
    await rows(
      `update graphile_worker._private_job_queues set locked_by = 'gone' where queue_name = 'left too';
       delete from graphile_worker._private_jobs using graphile_worker._private_job_queues as queues
       where job_queue_id = queues.id and queue_name = 'young';
       update graphile_worker._private_job_queues set locked_at = now() where queue_name = 'young'`,
    );
    await sweepOnce(pool);
    expect(await heldQueues()).toEqual({ young: "alive", running: "alive" });
  });

  test("doesn't forget a dead worker before its queues are free", async () => {
    const { pool } = database;
    await registerDead(pool, "w");
    await addJob(pool, "work", { queue: "q" });
    await deleteAlone((await claimOne("w")).id);
    const workers = () => rows("select id from graphile_worker._private_workers");
    await withClient(pool, async (client) => {
      await client.query("begin");
      await client.query("select from graphile_worker._private_job_queues for update");
      await sweepOnce(pool);
      expect(await workers()).toEqual([{ id: "w" }]);
    });
    await sweepOnce(pool);
    expect(await workers()).toEqual([]);
    expect(await heldQueues()).toEqual({});
  });

  test("wakes workers for a queue that it frees", () =>
    withClient(database.pool, async (client) => {
      const { pool } = database;
      await addJob(pool, "work", { queue: "q" });
      await deleteAlone((await claimOne("gone")).id);
      await age("5 hours");
      const heard: string[] = [];
      client.on("notification", ({ channel }) => heard.push(channel));
      await client.query(`listen "jobs:insert"`);
      await sweepOnce(pool);
      await until(() => heard.includes("jobs:insert"));
      await client.query("unlisten *");
    }));
});
