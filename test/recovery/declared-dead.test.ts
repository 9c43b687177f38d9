import { afterAll, beforeAll, expect, test } from "vitest";
import type { Executor } from "../../src/database/executor.js";
import { bindQueries } from "../../src/database/queries.js";
import { WorkerEvents } from "../../src/events.js";
import { startWorker } from "../../src/index.js";
import { Heartbeat } from "../../src/recovery/heartbeat.js";
import { resolveRecovery } from "../../src/recovery/options.js";
import type { TestDatabase } from "../support/database.js";
import { addJob, createQueue, Gate, handlersFor, listJobs, until } from "../worker/support.js";

let database: TestDatabase;
beforeAll(async () => {
  database = await createQueue();
});
afterAll(() => database.drop());

/** Nothing happens by itself. */
const never = 2 ** 31 - 1;

test("a worker that was declared dead aborts what it lost, and starts none of what it had claimed", async () => {
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
    // It had started.
    { attempts: 1, locked_by: null },
    { attempts: 0, locked_by: null },
  ]);
});

test("a stop doesn't wait for a recovery hook that never answers", async () => {
  const { pool, connectionString } = database;
  const asked = new Gate();
  await pool.query("delete from graphile_worker._private_jobs");
  await pool.query(`
    select graphile_worker.add_job('other');
    update graphile_worker._private_jobs set locked_by = 'dead', locked_at = now(), attempts = 1;
    insert into graphile_worker._private_workers (id, last_heartbeat_at)
    values ('dead', now() - interval '1 hour');
  `);
  const errors: unknown[] = [];
  await using worker = await startWorker({
    connectionString,
    handlers: handlersFor({ work: () => {} }),
    recovery: {
      sweepIntervalMs: 10,
      hookTimeoutMs: never,
      hook: () => {
        asked.open();
        return new Promise(() => {});
      },
    },
    on: { "sweep:error": ({ error }) => void errors.push(error) },
  });
  await asked.opened;
  await worker.stop();
  expect(errors).toEqual([]);
  expect(await listJobs(pool)).toMatchObject([{ locked_by: "dead" }]);
});

test("a worker that was cut off declares nobody dead before the others could be heard", async () => {
  const { pool } = database;
  await pool.query("delete from graphile_worker._private_jobs");
  const queries = bindQueries({ schema: "graphile_worker", preparedStatements: true });
  let isCut = false;
  const db: Executor = {
    query: (text, values) =>
      isCut ? Promise.reject(new Error("The database is away.")) : pool.query(text, values),
  };
  const heartbeat = new Heartbeat({
    queries,
    db,
    workerId: "steady",
    recovery: resolveRecovery(),
    events: new WorkerEvents("steady", () => {}),
    holdsNothing: () => true,
    onDeclaredDead: () => {},
    onRevived: () => {},
  });
  await heartbeat.start();
  expect(heartbeat.isSteady).toBe(true);
  isCut = true;
  heartbeat.hurry();
  await until(() => !heartbeat.isSteady);
  isCut = false;
  await heartbeat.beatOnce();
  expect(heartbeat.isFresh()).toBe(true);
  expect(heartbeat.isSteady).toBe(false);
  await heartbeat.stop();
});
