import { afterAll, beforeAll, expect, test } from "vitest";
import { startWorker } from "../../src/index.js";
import type { TestDatabase } from "../support/database.js";
import { addJob, createQueue, Gate, handlersFor, listJobs, until } from "../worker/support.js";

let database: TestDatabase;
beforeAll(async () => {
  database = await createQueue();
});
afterAll(() => database.drop());

/** Nothing happens by itself. */
const never = 2 ** 31 - 1;

test("a worker that was taken for dead aborts what it lost, and starts none of what it had claimed", async () => {
  const { pool, connectionString } = database;
  const started: string[] = [];
  const lost: string[] = [];
  const aborted = new Gate();
  let cause: unknown;
  const handlers = handlersFor({
    work: async (_payload, { job, signal }) => {
      started.push(job.id);
      signal.addEventListener("abort", () => {
        cause = (signal.reason as { details?: { cause?: string } }).details?.cause;
        aborted.open();
      });
      await aborted.opened;
    },
  });
  const ids = [await addJob(pool, "work"), await addJob(pool, "work")];
  await using worker = await startWorker({
    connectionString,
    handlers,
    workerId: "me",
    concurrency: 1,
    bufferSize: 1,
    bufferTimeoutMs: never,
    pollIntervalMs: never,
    recovery: { heartbeatIntervalMs: 20, sweepIntervalMs: never },
    on: { "job:lost": ({ job }) => void lost.push(job.id) },
  });
  await until(async () => (await listJobs(pool)).every(({ locked_by }) => locked_by === "me"));
  await until(() => started.length === 1);
  // As another worker's sweep does.
  await pool.query(`
    select graphile_worker.recover_dead_worker_jobs(array['me'], interval '1 hour');
    select graphile_worker.delete_stale_workers(array['me']);
  `);
  await aborted.opened;
  expect(cause).toBe("lost");
  await until(() => lost.length === 2);
  await worker.stop();
  expect(started).toEqual([ids[0]]);
  expect(await listJobs(pool)).toMatchObject([
    { attempts: 0, locked_by: null },
    { attempts: 0, locked_by: null },
  ]);
});
