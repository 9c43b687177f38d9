import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import {
  forceUnlockWorkers,
  listWorkers,
  rescheduleJobs,
  retryJobs,
  runJobsNow,
} from "../../src/index.js";
import type { TestDatabase } from "../support/database.js";
import { addJob, countLocks, createQueue, listJobs } from "../worker/support.js";
import { claim, countCrashes, dieWith, registerDead, sweepOnce, withClient } from "./support.js";

// What a sweep does with jobs that had started and with those that had not.

let database: TestDatabase;
beforeAll(async () => {
  database = await createQueue();
});
afterAll(() => database.drop());
beforeEach(() =>
  database.pool.query(
    `truncate graphile_worker._private_jobs, graphile_worker._private_job_queues,
      graphile_worker._private_workers, graphile_worker.taskwright_starts,
      graphile_worker.taskwright_crashes, graphile_worker.taskwright_workers`,
  ),
);

async function rows<T>(sql: string, values: unknown[] = []): Promise<T[]> {
  return (await database.pool.query(sql, values)).rows as T[];
}

const die = (started: readonly string[]) => dieWith(database.pool, started);
const crashesOf = (id: string) => countCrashes(database.pool, id);

describe("a sweep", () => {
  test("counts the attempt of a job that had started, and of no other", async () => {
    const ids = [await addJob(database.pool, "work"), await addJob(database.pool, "work")];
    await die([ids[0] ?? ""]);
    const result = await sweepOnce(database.pool);
    expect(new Set(result.recoveredJobIds)).toEqual(new Set(ids));
    const [started, claimed] = await listJobs(database.pool);
    expect(started).toMatchObject({
      attempts: 1,
      locked_by: null,
      last_error: "Worker dead died while it ran this job (crash 1 of 3).",
    });
    // The usual back-off: exp(1) seconds.
    expect(started?.run_at.getTime()).toBeGreaterThan(Date.now() + 1000);
    expect(claimed).toMatchObject({
      attempts: 0,
      locked_by: null,
      last_error: "Job recovered after worker interruption",
    });
    expect(claimed?.run_at.getTime()).toBeLessThanOrEqual(Date.now() + 1000);
    expect(await rows("select from graphile_worker.taskwright_starts")).toEqual([]);
  });

  test("fails a job for good at maxCrashes, and frees its queue", async () => {
    const id = await addJob(database.pool, "work", { queue: "q" });
    const failed: string[][] = [];
    for (let crash = 1; crash <= 3; crash++) {
      await die([id]);
      failed.push([...(await sweepOnce(database.pool)).failedJobIds]);
    }
    expect(failed).toEqual([[], [], [id]]);
    expect(await listJobs(database.pool)).toMatchObject([
      {
        attempts: 25,
        last_error:
          "Worker dead died while it ran this job (crash 3 of 3). The job is not tried again.",
      },
    ]);
    expect(await countLocks(database.pool)).toBe(0);
  });

  test("says that a job failed whose last attempt it was", async () => {
    const id = await addJob(database.pool, "work", { maxAttempts: 1 });
    await die([id]);
    expect(await sweepOnce(database.pool)).toMatchObject({ failedJobIds: [id] });
  });

  test("ignores a mark of an earlier claim", async () => {
    const id = await addJob(database.pool, "work");
    await die([id]);
    await forceUnlockWorkers(database.pool, ["dead"]);
    await die([]);
    await rows("update graphile_worker.taskwright_starts set locked_at = now() - interval '1 day'");
    await sweepOnce(database.pool);
    expect(await crashesOf(id)).toBe(0);
    expect(await listJobs(database.pool)).toMatchObject([{ attempts: 1 }]);
    expect(await rows("select from graphile_worker.taskwright_starts")).toEqual([]);
  });

  test("passes by a job whose row another transaction has locked, and keeps its worker", async () => {
    const id = await addJob(database.pool, "work");
    const other = await addJob(database.pool, "work");
    await die([]);
    await withClient(database.pool, async (client) => {
      await client.query("begin");
      await client.query("select from graphile_worker._private_jobs where id = $1 for update", [
        id,
      ]);
      expect(await sweepOnce(database.pool)).toMatchObject({ recoveredJobIds: [other] });
    });
    expect(await sweepOnce(database.pool)).toMatchObject({ recoveredJobIds: [id] });
    expect(await listWorkers(database.pool)).toEqual([]);
  });

  test("passes by a worker whose claim is open", async () => {
    const id = await addJob(database.pool, "work");
    await registerDead(database.pool, "slow");
    await withClient(database.pool, async (client) => {
      await client.query("begin");
      await claim(client, "slow");
      await client.query("select graphile_worker.taskwright_require_registration('slow')");
      expect(await sweepOnce(database.pool)).toMatchObject({ swept: true, deadWorkerIds: [] });
      await client.query("commit");
    });
    expect(await sweepOnce(database.pool)).toMatchObject({ recoveredJobIds: [id] });
  });
});

describe("crashes are no longer counted", () => {
  const resets: Readonly<Record<string, (id: string) => Promise<unknown>>> = {
    "replaced through its key": () =>
      rows("select graphile_worker.add_job('work', job_key => 'k', max_attempts => 25)"),
    "replaced by the Rust crate, which leaves the revision": (id) =>
      rows(
        `update graphile_worker._private_jobs set attempts = 0, last_error = null where id = $1`,
        [id],
      ),
    retried: (id) => retryJobs(database.pool, [id]),
    "given attempts back": (id) => rescheduleJobs(database.pool, [id], { attempts: 0 }),
  };
  test.each(Object.entries(resets))("once the job was %s", async (_how, reset) => {
    const id = await addJob(database.pool, "work", { key: "k" });
    for (let crash = 1; crash <= 2; crash++) {
      await die([id]);
      await sweepOnce(database.pool);
    }
    expect(await crashesOf(id)).toBe(2);
    await reset(id);
    await die([id]);
    expect(await sweepOnce(database.pool)).toMatchObject({ failedJobIds: [] });
    expect(await crashesOf(id)).toBe(1);
  });

  test("once the job is gone", async () => {
    const id = await addJob(database.pool, "work");
    await die([id]);
    await sweepOnce(database.pool);
    await rows("select graphile_worker.complete_jobs(array[$1::bigint])", [id]);
    await die([]);
    await sweepOnce(database.pool);
    expect(await crashesOf(id)).toBe(0);
  });
});

test.each([
  ["made due", (id: string) => runJobsNow(database.pool, [id])],
  [
    "only deduplicated",
    () =>
      rows(
        "select graphile_worker.add_job('work', job_key => 'k', job_key_mode => 'unsafe_dedupe')",
      ),
  ],
])("crashes still count when the job was %s", async (_how, change) => {
  const id = await addJob(database.pool, "work", { key: "k" });
  await die([id]);
  await sweepOnce(database.pool);
  await change(id);
  await die([id]);
  await sweepOnce(database.pool);
  expect(await crashesOf(id)).toBe(2);
});

test("a Rust sweep of one of our workers counts what had started, by the same default", async () => {
  const id = await addJob(database.pool, "work", { queue: "q" });
  await addJob(database.pool, "work");
  const counts: unknown[] = [];
  for (let crash = 1; crash <= 3; crash++) {
    await die([id]);
    counts.push(...(await rows("select graphile_worker.recover_dead_worker_jobs('{dead}') as n")));
  }
  expect(counts).toEqual([{ n: 2 }, { n: 2 }, { n: 2 }]);
  expect(await listJobs(database.pool)).toMatchObject([{ attempts: 25 }, { attempts: 0 }]);
  expect(await countLocks(database.pool)).toBe(0);
});

describe("a worker of ours that holds locks without being registered", () => {
  beforeEach(async () => {
    await addJob(database.pool, "work", { queue: "q" });
    await claim(database.pool, "ours");
    await addJob(database.pool, "work");
    await claim(database.pool, "node-peer");
    await rows("insert into graphile_worker.taskwright_workers values ('ours'), ('long-gone')");
  });

  test("is overdue, and one of a peer isn't", async () => {
    expect(await listWorkers(database.pool)).toMatchObject([
      { id: "ours", isRegistered: false, isOverdue: true, jobs: 1, queues: 1 },
      { id: "node-peer", isRegistered: false, isOverdue: false },
    ]);
  });

  test("is swept like a dead one, and then forgotten", async () => {
    expect(await sweepOnce(database.pool)).toMatchObject({ deadWorkerIds: ["ours"] });
    expect(await listJobs(database.pool)).toMatchObject([
      { locked_by: null, attempts: 0 },
      { locked_by: "node-peer", attempts: 1 },
    ]);
    expect(await listWorkers(database.pool)).toMatchObject([{ id: "node-peer" }]);
    expect(await rows("select from graphile_worker.taskwright_workers")).toEqual([]);
  });

  test("is left alone while it registers", () =>
    withClient(database.pool, async (client) => {
      await client.query("begin");
      await client.query("select graphile_worker.taskwright_beat('ours', '{}')");
      expect(await sweepOnce(database.pool)).toMatchObject({ deadWorkerIds: [] });
      await client.query("commit");
      expect(await sweepOnce(database.pool)).toMatchObject({ deadWorkerIds: [] });
      expect(await listWorkers(database.pool)).toMatchObject([
        { id: "node-peer" },
        { id: "ours", isRegistered: true, isOverdue: false },
      ]);
    }));
});
