import type { Pool } from "pg";
import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import { forceUnlockWorkers } from "../../src/index.js";
import type { TestDatabase } from "../support/database.js";
import { addJob, createQueue, listJobs } from "../worker/support.js";
import { claim, countCrashes, dieWith, sweepOnce } from "./support.js";

let database: TestDatabase;
let pool: Pool;
beforeAll(async () => {
  database = await createQueue();
  pool = database.pool;
});
afterAll(() => database.drop());
beforeEach(() =>
  pool.query(
    `truncate graphile_worker._private_jobs, graphile_worker._private_workers,
      graphile_worker.taskwright_starts, graphile_worker.taskwright_crashes`,
  ),
);

async function rows<T>(sql: string): Promise<T[]> {
  return (await pool.query(sql)).rows as T[];
}

test("the hook is told whether the job had started, and how often it crashed", async () => {
  const ids = [await addJob(pool, "work"), await addJob(pool, "work")];
  const started = ids[0] ?? "";
  const facts: unknown[] = [];
  for (let crash = 1; crash <= 2; crash++) {
    await dieWith(pool, [started]);
    await sweepOnce(pool, {
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

test("the hook is told that nobody knows what a peer's worker had started", async () => {
  await addJob(pool, "work");
  await dieWith(pool, [], null);
  const facts: unknown[] = [];
  await sweepOnce(pool, {
    hook: (_job, _workerId, told) => {
      facts.push(told);
      return "recover";
    },
  });
  expect(facts).toEqual([{ hasStarted: undefined, crashes: 0 }]);
});

test("the hook may give a job back uncounted that had started; the crash is remembered", async () => {
  const id = await addJob(pool, "work");
  for (let crash = 1; crash <= 4; crash++) {
    await dieWith(pool, [id]);
    const result = await sweepOnce(pool, { hook: () => "recover" });
    expect(result).toMatchObject({ recoveredJobIds: [id], failedJobIds: [] });
  }
  expect(await listJobs(pool)).toMatchObject([{ attempts: 0 }]);
  expect(await countCrashes(pool, id)).toBe(4);
});

test("the hook that never answers holds no lock, and its job is left", async () => {
  const id = await addJob(pool, "work");
  const other = await addJob(pool, "work");
  await dieWith(pool, []);
  let asked = () => {};
  const isAsked = new Promise<void>((resolve) => (asked = resolve));
  const sweeping = sweepOnce(pool, {
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
  expect(await listJobs(pool)).toMatchObject([{ locked_by: "dead" }, { locked_by: null }]);
});

test("the hook decides nothing about a job that was claimed anew while it thought", async () => {
  const id = await addJob(pool, "work");
  await dieWith(pool, []);
  const result = await sweepOnce(pool, {
    hook: async () => {
      await forceUnlockWorkers(pool, ["dead"]);
      await claim(pool, "dead");
      return "recover" as const;
    },
  });
  expect(result).toMatchObject({ deadWorkerIds: ["dead"], recoveredJobIds: [] });
  expect(await listJobs(pool)).toMatchObject([{ id, attempts: 2, locked_by: "dead" }]);
});

test("the hook decides nothing about a worker that came back to life while it thought", async () => {
  await addJob(pool, "work");
  await dieWith(pool, []);
  const result = await sweepOnce(pool, {
    hook: async () => {
      await rows("update graphile_worker._private_workers set last_heartbeat_at = now()");
      return "recover" as const;
    },
  });
  expect(result).toMatchObject({ swept: true, deadWorkerIds: [], recoveredJobIds: [] });
  expect(await listJobs(pool)).toMatchObject([{ locked_by: "dead" }]);
});
