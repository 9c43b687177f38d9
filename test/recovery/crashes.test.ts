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
import { claim, registerDead, sweepOnce, withClient } from "./support.js";

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

const marksStarts = { client: "taskwright", sweepThresholdMs: 1000, marksStarts: true };

async function rows<T>(sql: string, values: unknown[] = []): Promise<T[]> {
  return (await database.pool.query(sql, values)).rows as T[];
}

/** Lets a worker claim what is due, start the given jobs, and die. */
async function die(started: readonly string[], metadata: object | null = marksStarts) {
  await rows("update graphile_worker._private_jobs set run_at = now() where run_at > now()");
  await rows("delete from graphile_worker._private_workers");
  await registerDead(database.pool, "dead");
  await rows("update graphile_worker._private_workers set metadata = $1", [metadata]);
  await claim(database.pool, "dead");
  await rows(
    `insert into graphile_worker.taskwright_starts (job_id, worker_id, locked_at)
     select id, locked_by, locked_at from graphile_worker._private_jobs where id = any ($1)
     on conflict (job_id) do update set locked_at = excluded.locked_at`,
    [started],
  );
}

async function crashesOf(id: string): Promise<number> {
  const [row] = await rows<{ crashes: number }>(
    "select crashes from graphile_worker.taskwright_crashes where job_id = $1",
    [id],
  );
  return row?.crashes ?? 0;
}

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

describe("the hook", () => {
  test("is told whether the job had started, and how often it crashed", async () => {
    const ids = [await addJob(database.pool, "work"), await addJob(database.pool, "work")];
    const started = ids[0] ?? "";
    const facts: unknown[] = [];
    for (let crash = 1; crash <= 2; crash++) {
      await die([started]);
      await sweepOnce(database.pool, {
        hook: (job, _workerId, { hasStarted, crashes }) => {
          facts.push([job.id === started, hasStarted, crashes]);
          return "default";
        },
      });
    }
    expect(facts).toEqual([
      [true, true, 1],
      [false, false, 0],
      [true, true, 2],
      [false, false, 0],
    ]);
  });

  test("is told that nobody knows what a peer's worker had started", async () => {
    await addJob(database.pool, "work");
    await die([], null);
    const facts: unknown[] = [];
    await sweepOnce(database.pool, {
      hook: (_job, _workerId, told) => {
        facts.push(told);
        return "recover";
      },
    });
    expect(facts).toEqual([{ hasStarted: undefined, crashes: 0 }]);
  });

  test("may give a job back uncounted that had started; the crash is remembered", async () => {
    const id = await addJob(database.pool, "work");
    for (let crash = 1; crash <= 4; crash++) {
      await die([id]);
      const result = await sweepOnce(database.pool, { hook: () => "recover" });
      expect(result).toMatchObject({ recoveredJobIds: [id], failedJobIds: [] });
    }
    expect(await listJobs(database.pool)).toMatchObject([{ attempts: 0 }]);
    expect(await crashesOf(id)).toBe(4);
  });

  test("that never answers holds no lock, and its job is left", async () => {
    const id = await addJob(database.pool, "work");
    const other = await addJob(database.pool, "work");
    await die([]);
    let asked = () => {};
    const isAsked = new Promise<void>((resolve) => (asked = resolve));
    const sweeping = sweepOnce(database.pool, {
      hookTimeoutMs: 500,
      hook: (job) => {
        asked();
        return job.id === id ? new Promise(() => {}) : "recover";
      },
    });
    await isAsked;
    // Any other sweep could work meanwhile.
    expect(
      await rows("select pg_try_advisory_xact_lock(x'47575253'::int, x'53574550'::int) as is_free"),
    ).toEqual([{ is_free: true }]);
    const result = await sweeping;
    expect(result).toMatchObject({ swept: true, recoveredJobIds: [other] });
    expect(result.hookErrors).toMatchObject([{ code: "RECOVERY_TIMEOUT" }]);
    expect(await listJobs(database.pool)).toMatchObject([
      { locked_by: "dead" },
      { locked_by: null },
    ]);
  });

  test("decides nothing about a job that was claimed anew while it thought", async () => {
    const id = await addJob(database.pool, "work");
    await die([]);
    const result = await sweepOnce(database.pool, {
      hook: async () => {
        await forceUnlockWorkers(database.pool, ["dead"]);
        await claim(database.pool, "dead");
        return "recover" as const;
      },
    });
    expect(result).toMatchObject({ deadWorkerIds: ["dead"], recoveredJobIds: [] });
    expect(await listJobs(database.pool)).toMatchObject([{ id, attempts: 2, locked_by: "dead" }]);
  });

  test("decides nothing about a worker that came back to life while it thought", async () => {
    await addJob(database.pool, "work");
    await die([]);
    const result = await sweepOnce(database.pool, {
      hook: async () => {
        await rows("update graphile_worker._private_workers set last_heartbeat_at = now()");
        return "recover" as const;
      },
    });
    expect(result).toMatchObject({ swept: true, deadWorkerIds: [], recoveredJobIds: [] });
    expect(await listJobs(database.pool)).toMatchObject([{ locked_by: "dead" }]);
  });
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
