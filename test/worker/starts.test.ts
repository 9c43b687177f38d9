import type { PoolClient } from "pg";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { pauseTask, runOnce, startWorker } from "../../src/index.js";
import type { WorkerListeners } from "../../src/index.js";
import type { TestDatabase } from "../support/database.js";
import { addJob, addJobs, createQueue, Gate, handlersFor, listJobs, until } from "./support.js";

let database: TestDatabase;
let started: string[] = [];
/** Opens the way for handlers that wait. */
let gate = new Gate();
beforeAll(async () => {
  database = await createQueue();
});
afterAll(() => database.drop());
beforeEach(async () => {
  started = [];
  gate = new Gate();
  await database.pool.query(
    `truncate graphile_worker._private_jobs, graphile_worker._private_workers,
      graphile_worker.taskwright_starts, graphile_worker.taskwright_pauses`,
  );
});

const never = 1_000_000_000;
const recovery = {
  heartbeatIntervalMs: never,
  sweepIntervalMs: never,
  sweepThresholdMs: 2 * never,
};

const handlers = handlersFor({
  fast: () => {},
  work: async (_payload, { job }) => {
    started.push(job.id);
    await gate.opened;
  },
});

const start = (on: WorkerListeners = {}, options: object = {}) =>
  startWorker({
    connectionString: database.connectionString,
    handlers,
    workerId: "me",
    concurrency: 1,
    bufferSize: 0,
    recovery,
    on,
    ...options,
  });

async function marks(): Promise<string[]> {
  const { rows } = await database.pool.query<{ id: string }>(
    `select jobs.id from graphile_worker._private_jobs as jobs
    join graphile_worker.taskwright_starts as starts
    on starts.job_id = jobs.id and starts.worker_id = jobs.locked_by
    and starts.locked_at = jobs.locked_at
    order by jobs.id`,
  );
  return rows.map(({ id }) => id);
}

const isFree = ({ locked_by }: { readonly locked_by: string | null }) => locked_by === null;
const isIdle = async () => (await listJobs(database.pool)).length === 0;

describe("a start", () => {
  test("is marked before the handler begins, and the mark is gone when the worker is", async () => {
    const marked: string[][] = [];
    const id = await addJob(database.pool, "look");
    await runOnce({
      connectionString: database.connectionString,
      handlers: handlersFor({ look: async () => void marked.push(await marks()) }),
    });
    expect(marked).toEqual([[id]]);
    const { rows } = await database.pool.query("select from graphile_worker.taskwright_starts");
    expect(rows).toEqual([]);
  });

  test("isn't marked by a worker without recovery", async () => {
    await addJob(database.pool, "work");
    let seen: string[] = ["nothing was seen"];
    await runOnce({
      connectionString: database.connectionString,
      handlers: handlersFor({ work: async () => void (seen = await marks()) }),
      recovery: false,
    });
    expect(seen).toEqual([]);
    const { rows } = await database.pool.query("select from graphile_worker.taskwright_starts");
    expect(rows).toEqual([]);
  });

  test("of a fast task costs nothing once ten jobs of it were completed", async () => {
    await database.pool.query(`
      create table marks_made (n int);
      create function count_marks() returns trigger language plpgsql set search_path = public as $$
        begin insert into marks_made select count(*) from made; return null; end $$;
      create trigger count_marks after insert on graphile_worker.taskwright_starts
      referencing new table as made for each statement execute function count_marks();
    `);
    await addJobs(database.pool, "fast", 500);
    await using worker = await start({}, { bufferSize: "auto" });
    await until(isIdle);
    await worker.stop();
    const { rows } = await database.pool.query<{ n: number }>(
      "select coalesce(sum(n), 0)::int as n from marks_made",
    );
    await database.pool.query("drop function count_marks cascade; drop table marks_made");
    expect(rows[0]?.n).toBeGreaterThanOrEqual(10);
    // A few may have run for longer than 50 ms on a busy machine.
    expect(rows[0]?.n).toBeLessThan(100);
  });
});

describe("jobs that the next crash fails for good", () => {
  const failsNext = "Worker w died while it ran this job (crash 2 of 3).";
  const remember = (error: string, ids: readonly string[]) =>
    database.pool.query(
      "update graphile_worker._private_jobs set last_error = $1 where id = any ($2)",
      [error, ids],
    );
  const add = (count: number) =>
    Promise.all(Array.from({ length: count }, () => addJob(database.pool, "work")));

  test("run one at a time, and beside other jobs", async () => {
    const last = await add(3);
    const others = await add(2);
    await remember(failsNext, last);
    await remember(failsNext.replace("2 of 3", "1 of 3"), others);
    await using worker = await start({}, { concurrency: 10 });
    await until(() => started.length === 3);
    expect(started).toEqual(expect.arrayContaining(others));
    expect((await marks()).filter((id) => last.includes(id))).toHaveLength(1);
    gate.open();
    await until(isIdle);
    await worker.stop();
    expect(new Set(started)).toEqual(new Set([...last, ...others]));
  });

  test("go back uncounted when the worker stops before their turn", async () => {
    await remember(failsNext, await add(3));
    const worker = await start({}, { concurrency: 10 });
    await until(() => started.length === 1);
    const stopped = worker.stop();
    await until(async () => (await listJobs(database.pool)).filter(isFree).length === 2);
    gate.open();
    await stopped;
    expect(started).toHaveLength(1);
    expect(await listJobs(database.pool)).toMatchObject([{ attempts: 0 }, { attempts: 0 }]);
  });
});

describe("while marks can't be written", () => {
  let locker: PoolClient;
  const lockMarks = () =>
    locker.query("begin; lock table graphile_worker.taskwright_starts in share mode");
  const unlockMarks = () => locker.query("commit");
  /** Waits until a statement of the worker's waits for the table. */
  const untilWaiting = () =>
    until(async () => {
      const { rows } = await database.pool.query(
        `select from pg_locks where not granted
        and relation = 'graphile_worker.taskwright_starts'::regclass`,
      );
      return rows.length > 0;
    });
  beforeEach(async () => {
    locker = await database.pool.connect();
  });
  afterEach(async () => {
    await locker.query("rollback");
    locker.release();
  });

  test("a job of an unknown task doesn't start", async () => {
    await lockMarks();
    const id = await addJob(database.pool, "work");
    await using worker = await start();
    await untilWaiting();
    expect(started).toEqual([]);
    await unlockMarks();
    await until(() => started.length === 1);
    expect(await marks()).toEqual([id]);
    gate.open();
    await until(isIdle);
    await worker.stop();
  });

  test("a job of a fast task starts, and is marked late", async () => {
    // Ten for the task to be known.
    for (let n = 0; n < 10; n++) await addJob(database.pool, "work");
    gate.open();
    await using worker = await start();
    await until(isIdle);
    started = [];
    gate = new Gate();
    await lockMarks();
    const id = await addJob(database.pool, "work");
    await until(() => started.length === 1);
    await untilWaiting();
    await unlockMarks();
    await until(async () => (await marks()).length === 1);
    expect(await marks()).toEqual([id]);
    gate.open();
    await until(isIdle);
    await worker.stop();
  });

  test("a job that waits for its mark goes back when its task is paused", async () => {
    await lockMarks();
    await addJob(database.pool, "work");
    await using worker = await start();
    await untilWaiting();
    await pauseTask(database.pool, "work");
    await until(async () => (await listJobs(database.pool))[0]?.locked_by === null);
    await unlockMarks();
    await worker.stop();
    expect(await listJobs(database.pool)).toMatchObject([{ attempts: 0 }]);
    expect(started).toEqual([]);
  });

  test("a job that waits for its mark goes back when the worker stops", async () => {
    await lockMarks();
    await addJob(database.pool, "work");
    await using worker = await start();
    await untilWaiting();
    const stopped = worker.stop();
    await until(async () => (await listJobs(database.pool))[0]?.locked_by === null);
    await unlockMarks();
    await stopped;
    expect(await listJobs(database.pool)).toMatchObject([{ attempts: 0 }]);
    expect(started).toEqual([]);
  });

  test("a job that was taken away while it waits for its mark is lost and doesn't start", async () => {
    const lost = new Gate();
    await lockMarks();
    await addJob(database.pool, "work");
    await using worker = await start({ "job:lost": () => lost.open() });
    await untilWaiting();
    await database.pool.query(
      "update graphile_worker._private_jobs set run_at = now() + interval '1 hour'",
    );
    await database.pool.query("select graphile_worker.force_unlock_workers('{me}')");
    await unlockMarks();
    await lost.opened;
    await worker.stop();
    expect(started).toEqual([]);
  });

  test("a worker that is declared dead starts nothing that waits for its mark", async () => {
    const noticed = new Gate();
    await lockMarks();
    await addJob(database.pool, "work");
    await using worker = await start(
      { "heartbeat:lost": () => noticed.open() },
      { recovery: { ...recovery, heartbeatIntervalMs: 20 } },
    );
    await untilWaiting();
    await database.pool.query(
      "update graphile_worker._private_jobs set run_at = now() + interval '1 hour'",
    );
    await database.pool.query(`
      select graphile_worker.recover_dead_worker_jobs('{me}', interval '1 hour');
      select graphile_worker.delete_stale_workers('{me}');
    `);
    await noticed.opened;
    await unlockMarks();
    await worker.stop();
    expect(started).toEqual([]);
  });
});

test("a job whose mark fails goes back uncounted, and starts once marks can be written", async () => {
  await database.pool.query(`
    create sequence refused;
    create function refuse() returns trigger language plpgsql set search_path = public as $$ begin
      if nextval('refused') <= 2 then raise serialization_failure using message = 'refused'; end if;
      return new;
    end $$;
    create trigger refuse before insert on graphile_worker.taskwright_starts
    for each row execute function refuse();
  `);
  const errors: unknown[] = [];
  const attempts: number[] = [];
  await addJob(database.pool, "work");
  gate.open();
  await using worker = await start({
    "starts:error": ({ error, count }) => void errors.push([error.message, count]),
    "job:start": ({ job }) => void attempts.push(job.attempts),
  });
  await until(isIdle);
  await worker.stop();
  await database.pool.query("drop function refuse cascade; drop sequence refused");
  expect(errors).toEqual([
    ["refused", 1],
    ["refused", 1],
  ]);
  expect(attempts).toEqual([1]);
});

test("a run ends with an error that marks fail with, unless it passes", async () => {
  await database.pool.query(`
    create function refuse() returns trigger language plpgsql set search_path = public as $$ begin
      raise exception 'refused';
    end $$;
    create trigger refuse before insert on graphile_worker.taskwright_starts
    for each row execute function refuse();
  `);
  await addJob(database.pool, "fast");
  const { connectionString } = database;
  await expect(runOnce({ connectionString, handlers })).rejects.toThrow("refused");
  await database.pool.query("drop function refuse cascade");
  expect(await listJobs(database.pool)).toMatchObject([{ attempts: 0, locked_by: null }]);
});
