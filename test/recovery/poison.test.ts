import path from "node:path";
import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import { getJob, runJobsNow, runOnce, sweep, type SweepResult } from "../../src/index.js";
import type { TestDatabase } from "../support/database.js";
import { TestProcess } from "../support/process.js";
import {
  addJob,
  countLocks,
  createQueue,
  handlersFor,
  listJobs,
  until,
} from "../worker/support.js";

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

const maxCrashes = 2;

function startPoisoned(kind: string, concurrency = 1): TestProcess {
  return TestProcess.start(process.execPath, [
    "--max-old-space-size=160",
    "--conditions=taskwright-source",
    "--import",
    "tsx",
    path.resolve("test/recovery/poison-process.ts"),
    database.connectionString,
    kind,
    String(concurrency),
  ]);
}

/** Lets a worker start the poison, and sweeps up after it. */
async function crash(kind: string): Promise<SweepResult> {
  const process = startPoisoned(kind);
  await process.printed("poisoned");
  if (kind !== "endless loop") await process.exit;
  let result: SweepResult | undefined;
  await until(async () => {
    result = await sweep(database.pool, { maxCrashes });
    return result.deadWorkerIds.length > 0;
  }, "the worker's death");
  await process.end();
  expect(process.lines).not.toContain("innocent ran");
  if (result === undefined) throw new Error("Nothing was swept.");
  return result;
}

test.each(["process.exit", "SIGKILL", "out of memory", "unhandled rejection", "endless loop"])(
  "a job that kills its worker by %s comes back counted, then fails for good; no other job is charged",
  async (kind) => {
    const { pool, connectionString } = database;
    const poison = await addJob(pool, "poison", { queue: "q", priority: -1 });
    const behind = await addJob(pool, "innocent", { queue: "q" });
    const beside = [await addJob(pool, "innocent"), await addJob(pool, "innocent")];

    const first = await crash(kind);
    expect(new Set(first.recoveredJobIds)).toEqual(new Set([poison, ...beside]));
    expect(first.failedJobIds).toEqual([]);
    expect(await getJob(pool, poison)).toMatchObject({ state: "retrying", attempts: 1 });
    const [job, ...others] = await listJobs(pool);
    expect(job?.last_error).toMatch(/^Worker .+ died while it ran this job \(crash 1 of 2\)\.$/u);
    expect(others).toMatchObject([{ attempts: 0 }, { attempts: 0 }, { attempts: 0 }]);
    expect(await countLocks(pool)).toBe(0);

    await runJobsNow(pool, [poison]);
    const second = await crash(kind);
    expect(second.failedJobIds).toEqual([poison]);
    const failed = await getJob(pool, poison);
    expect(failed).toMatchObject({ state: "failed", attempts: 25 });
    expect(failed?.lastError).toMatch(/\(crash 2 of 2\)\. The job is not tried again\.$/u);

    const ran: [string, number][] = [];
    await runOnce({
      connectionString,
      handlers: handlersFor({
        poison: () => Promise.reject(new Error("The poison ran again.")),
        innocent: (_payload, { job }) => void ran.push([job.id, job.attempts]),
      }),
    });
    expect(new Map(ran)).toEqual(new Map([behind, ...beside].map((id) => [id, 1])));
    expect(await listJobs(pool)).toMatchObject([{ id: poison }]);
  },
  120_000,
);

test.each(["process.exit", "SIGKILL", "unhandled rejection"])(
  "a job that ends its worker at once by %s isn't charged to jobs that have a slot and have not begun",
  async (kind) => {
    const { pool } = database;
    const poison = await addJob(pool, "poison", { priority: -1 });
    const beside = [await addJob(pool, "innocent"), await addJob(pool, "innocent")];
    const process = startPoisoned(kind, 10);
    await process.exit;
    expect(process.lines).not.toContain("innocent ran");
    await until(async () => {
      const { deadWorkerIds } = await sweep(pool);
      return deadWorkerIds.length > 0;
    }, "the worker's death");
    expect(await getJob(pool, poison)).toMatchObject({ attempts: 1 });
    for (const id of beside) expect(await getJob(pool, id)).toMatchObject({ attempts: 0 });
  },
);
