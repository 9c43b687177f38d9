import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { cleanup, listQueues, type CleanupTask } from "../../src/index.js";
import { eventually } from "../support/wait.js";
import { createQueues, later, schemas, type TestQueue, type TestQueues } from "./support.js";

let queues: TestQueues;
beforeAll(async () => {
  queues = await createQueues();
});
afterAll(() => queues.database.drop());

describe.each(schemas)("in schema %s", (schema) => {
  let queue: TestQueue;
  beforeAll(() => {
    queue = queues.in(schema);
  });
  beforeEach(() => queue.clear());

  const clean = (...tasks: CleanupTask[]) => cleanup(queue.pool, { tasks, schema });
  const tasksLeft = async () => {
    const rows = await queue.sql<{ identifier: string }>(
      "select identifier from graphile_worker._private_tasks order by identifier",
    );
    return rows.map(({ identifier }) => identifier);
  };
  const queuesLeft = async () =>
    (await listQueues(queue.pool, { schema })).queues.map(({ name }) => name);

  test("jobs that failed for good are deleted, and nothing else", async () => {
    const failed = await queue.add("a");
    const running = await queue.add("a");
    const ready = await queue.add("a");
    await queue.fail(failed.id);
    await queue.fail(running.id);
    await queue.lock(running.id);
    expect(await clean("DELETE_PERMAFAILED_JOBS")).toEqual({
      deletedJobs: 1,
      deletedTasks: 0,
      deletedQueues: 0,
    });
    const left = await queue.sql("select id from graphile_worker._private_jobs order by id");
    expect(left).toEqual([{ id: running.id }, { id: ready.id }]);
  });

  test("queues and tasks without jobs are deleted, but for what is locked or to be kept", async () => {
    for (const name of ["a", "b", "c", "d"]) await queue.add(name, { queueName: name });
    await queue.sql(`delete from graphile_worker._private_jobs where task_id in (
      select id from graphile_worker._private_tasks where identifier <> 'a')`);
    await queue.sql(`update graphile_worker._private_job_queues set locked_at = now(), locked_by = 'x'
      where queue_name = 'b'`);
    await queue.sql(`insert into graphile_worker.taskwright_slots (task_id, slot)
      select id, 1 from graphile_worker._private_tasks where identifier in ('a', 'd')`);
    expect(await clean("GC_JOB_QUEUES")).toMatchObject({ deletedQueues: 2, deletedTasks: 0 });
    expect(await queuesLeft()).toEqual(["a", "b"]);
    const keeping = {
      tasks: ["GC_TASK_IDENTIFIERS"],
      taskIdentifiersToKeep: ["c"],
      schema,
    } as const;
    expect(await cleanup(queue.pool, keeping)).toMatchObject({ deletedTasks: 2, deletedQueues: 0 });
    expect(await tasksLeft()).toEqual(["a", "c"]);
    expect(await queue.sql("select slot from graphile_worker.taskwright_slots")).toHaveLength(1);
    await queue.sql("delete from graphile_worker.taskwright_slots");
  });

  test("a job whose attempts are above its limit, which graphile-worker leaves, is deleted", async () => {
    const { id } = await queue.add("a");
    await queue.sql(
      `update graphile_worker._private_jobs set attempts = 5, max_attempts = 3 where id = ${id}`,
    );
    expect(await clean("DELETE_PERMAFAILED_JOBS")).toMatchObject({ deletedJobs: 1 });
  });

  test("what one cleanup makes room for, it deletes too", async () => {
    const { id } = await queue.add("a", { queueName: "q" });
    await queue.fail(id);
    const all = ["GC_JOB_QUEUES", "GC_TASK_IDENTIFIERS", "DELETE_PERMAFAILED_JOBS"] as const;
    expect(await clean(...all)).toEqual({ deletedJobs: 1, deletedTasks: 1, deletedQueues: 1 });
  });

  test("many rows go in parts", async () => {
    await queue.add("a");
    await queue.sql(`insert into graphile_worker._private_jobs (task_id, attempts, max_attempts)
      select task_id, n % 2, 1 from graphile_worker._private_jobs, generate_series(1, 45000) as n`);
    await queue.sql(`insert into graphile_worker._private_job_queues (queue_name)
      select 'q' || n from generate_series(1, 25000) as n`);
    expect(await clean("DELETE_PERMAFAILED_JOBS", "GC_JOB_QUEUES")).toEqual({
      deletedJobs: 22_500,
      deletedTasks: 0,
      deletedQueues: 25_000,
    });
  });

  test("a transaction that adds a job keeps the cleanup waiting, and its names", async () => {
    await queue.add("a", { queueName: "q" });
    await queue.sql("delete from graphile_worker._private_jobs");
    const client = await queue.pool.connect();
    await client.query("begin");
    const text = `select from "${schema.replaceAll('"', '""')}".add_job('a', queue_name => 'q')`;
    await client.query(text);
    const cleaning = clean("GC_TASK_IDENTIFIERS", "GC_JOB_QUEUES");
    // Both looks found the names unused; the second one comes once the transaction has ended.
    const waiting = async () => {
      const rows = await queue.sql<{ waiting: boolean }>(
        `select exists (
          select from pg_locks
          join pg_database on pg_database.oid = pg_locks.database
          where locktype = 'advisory' and not granted and datname = current_database()
        ) as waiting`,
      );
      return rows[0]?.waiting === true;
    };
    await eventually(waiting);
    await client.query("commit");
    client.release();
    expect(await cleaning).toEqual({ deletedJobs: 0, deletedTasks: 0, deletedQueues: 0 });
    expect(await queuesLeft()).toEqual(["q"]);
    expect(await tasksLeft()).toEqual(["a"]);
  });

  test("a transaction that stays open makes it give up, with nothing deleted", async () => {
    await queue.add("a");
    await queue.sql("delete from graphile_worker._private_jobs");
    const client = await queue.pool.connect();
    await client.query("begin");
    await client.query(`select from "${schema.replaceAll('"', '""')}".add_job('b')`);
    await expect(clean("GC_TASK_IDENTIFIERS")).rejects.toMatchObject({ code: "CLEANUP_BUSY" });
    expect(await tasksLeft()).toEqual(["a"]);
    await client.query("rollback");
    client.release();
    expect(await clean("GC_TASK_IDENTIFIERS")).toMatchObject({ deletedTasks: 1 });
  });

  test("beside many who add and delete jobs, no job loses its task or its queue", async () => {
    const over = new AbortController();
    let added = 0;
    const adder = async (turn: number) => {
      for (let n = 0; n < 150; n++) {
        // New names all the time: one that has come into use for good can't be deleted any more.
        const name = `n${Math.floor(n / 10)}-${(n * turn) % 7}`;
        const job = await queue.add(name, { queueName: name, runAt: later() });
        added += 1;
        if (n % 3 > 0) {
          await queue.sql("delete from graphile_worker._private_jobs where id = $1", [job.id]);
        }
      }
    };
    const cleaner = async () => {
      let deleted = 0;
      while (!over.signal.aborted) {
        const result = await clean("GC_TASK_IDENTIFIERS", "GC_JOB_QUEUES");
        deleted += result.deletedQueues + result.deletedTasks;
      }
      return deleted;
    };
    const cleaners = Promise.all([cleaner(), cleaner()]);
    await Promise.all([1, 2, 3, 4, 5].map(adder));
    over.abort();
    const [ours, theirs] = await cleaners;
    expect(added).toBe(750);
    expect(ours + theirs).toBeGreaterThan(0);
    const [left] = await queue.sql<{ jobs: string; known: string }>(`
      select
        (select count(*) from graphile_worker._private_jobs) as jobs,
        (select count(*) from graphile_worker.jobs where queue_name is not null) as known`);
    expect(left).toEqual({ jobs: "250", known: "250" });
  });

  test("what can't be meant is refused", async () => {
    await expect(clean("GC_JOB_QUEUE" as "GC_JOB_QUEUES")).rejects.toThrow(
      /not "GC_JOB_QUEUE" Did you mean "GC_JOB_QUEUES"/u,
    );
    await expect(cleanup(queue.pool, { schema } as never)).rejects.toMatchObject({
      code: "OPTION_INVALID",
    });
  });
});
