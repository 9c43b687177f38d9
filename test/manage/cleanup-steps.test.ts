import type { PoolClient } from "pg";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { bindQueries } from "../../src/database/queries.js";
import { unusedQueues, unusedTasks, type UnusedNames } from "../../src/manage/unused-names.js";
import type { TestDatabase } from "../support/database.js";
import { addJob, createQueue } from "../worker/support.js";

/**
 * What happens to a row that comes into use between two steps of its deletion
 * (sql/migrations/21_cleanup.sql).
 */
const queries = bindQueries({ schema: "graphile_worker", preparedStatements: false });

let database: TestDatabase;
beforeAll(async () => {
  database = await createQueue();
});
afterAll(() => database.drop());
beforeEach(() =>
  sql(`
    delete from graphile_worker._private_jobs;
    delete from graphile_worker._private_job_queues;
    delete from graphile_worker._private_tasks;
    insert into graphile_worker._private_tasks (identifier) values ('old'), ('new');
    insert into graphile_worker._private_job_queues (queue_name) values ('old'), ('new');
    alter sequence graphile_worker.jobs_id_seq1 cache 1`),
);

const sql = (text: string) => database.pool.query(text);
const add = (spec = {}) => addJob(database.pool, "new", { queue: "new", ...spec });
const addTo = (client: PoolClient, spec: string) =>
  client.query(`select graphile_worker.add_job('new', queue_name => 'new', ${spec})`);

async function withClient<T>(use: (client: PoolClient) => Promise<T>): Promise<T> {
  const client = await database.pool.connect();
  try {
    return await use(client);
  } finally {
    client.release();
  }
}

async function isThere(table: string, column: string): Promise<boolean> {
  const { rows } = await sql(`select from graphile_worker.${table} where ${column} = 'new'`);
  return rows.length > 0;
}

describe.each([
  ["queue", () => unusedQueues(queries, database.pool), "_private_job_queues", "queue_name"],
  ["task", () => unusedTasks(queries, database.pool, "[]"), "_private_tasks", "identifier"],
] as const)("a %s", (_kind, open, table, column) => {
  let names: UnusedNames;
  beforeEach(() => {
    names = open();
  });

  async function mark(): Promise<{ lastId: string; marked: string }> {
    const marks = await names.mark(await names.find(100));
    if (marks === null) throw new Error("The lock was not free.");
    return marks;
  }

  /** Deletes what is unused, with things happening before and after the check. */
  async function removeAround(before: () => unknown, after: () => unknown): Promise<boolean> {
    const { lastId, marked } = await mark();
    await before();
    const checked = await names.check(marked);
    await after();
    expect(await names.remove(checked, lastId)).not.toBeNull();
    return !(await isThere(table, column));
  }
  const nothing = () => {};

  test("is deleted when nothing happens to it", async () => {
    expect(await removeAround(nothing, nothing)).toBe(true);
  });

  test("is deleted when a job of it came and went", async () => {
    const comeAndGo = async () => {
      await add();
      await sql("delete from graphile_worker._private_jobs");
    };
    expect(await removeAround(comeAndGo, nothing)).toBe(true);
  });

  test("stays when it got a job before or after the check", async () => {
    expect(await removeAround(add, nothing)).toBe(false);
    await sql("delete from graphile_worker._private_jobs");
    expect(await removeAround(nothing, add)).toBe(false);
  });

  test("stays when its new job has failed for good, or runs", async () => {
    const fail = async () =>
      sql(`select graphile_worker.permanently_fail_jobs('{${await add()}}')`);
    expect(await removeAround(nothing, fail)).toBe(false);
    await sql("delete from graphile_worker._private_jobs");
    const lock = async () =>
      sql(`update graphile_worker._private_jobs set locked_at = now(), locked_by = 'x'
        where id = ${await add()}`);
    expect(await removeAround(nothing, lock)).toBe(false);
  });

  test("stays when an existing job moved to it, even if that has failed since", async () => {
    const key = { key: "k" };
    await addJob(database.pool, "old", { queue: "old", ...key });
    const move = async () =>
      sql(`select graphile_worker.permanently_fail_jobs('{${await add(key)}}')`);
    expect(await removeAround(nothing, move)).toBe(false);
    expect(await isThere(table, column)).toBe(true);
  });

  test("stays when jobs moved to it among others, in one call", async () => {
    for (const key of ["a", "b", "c"]) {
      await addJob(database.pool, "old", { queue: "old", key });
    }
    const move = () =>
      sql(`select graphile_worker.add_jobs(array[
        ('old', '{}', 'old', null, null, 'a', null, null),
        ('new', '{}', 'new', null, null, 'b', null, null),
        ('new', '{}', null, null, null, 'c', null, null)
      ]::graphile_worker.job_spec[])`);
    expect(await removeAround(nothing, move)).toBe(false);
  });

  test("stays when a transaction that began before the mark adds or moves a job after it", async () => {
    await addJob(database.pool, "old", { queue: "old", key: "k" });
    for (const spec of ["job_key => null", "job_key => 'k'"]) {
      await sql("delete from graphile_worker._private_jobs where key is null");
      await withClient(async (client) => {
        await client.query("begin");
        // It has its number before the mark.
        await client.query("select txid_current()");
        const late = async () => {
          await addTo(client, spec);
          await client.query("commit");
        };
        expect(await removeAround(nothing, late)).toBe(false);
      });
    }
  });

  test("is neither marked nor deleted while a transaction adds a job", async () => {
    const ids = await names.find(100);
    const { lastId, marked } = await mark();
    const checked = await names.check(marked);
    await withClient(async (client) => {
      await client.query("begin");
      await addTo(client, "priority => 1");
      expect(await names.mark(ids)).toBeNull();
      expect(await names.remove(checked, lastId)).toBeNull();
      await client.query("commit");
    });
    expect(await names.remove(checked, lastId)).toBe(1);
    expect(await isThere(table, column)).toBe(true);
  });

  test("stays when a session adds a job under an id that it drew in advance", async () => {
    await sql("alter sequence graphile_worker.jobs_id_seq1 cache 100");
    await withClient(async (client) => {
      await addTo(client, "priority => 1");
      await addJob(database.pool, "old", { queue: "old" });
      await sql("delete from graphile_worker._private_jobs");
      expect(await removeAround(nothing, () => addTo(client, "priority => 1"))).toBe(false);
    });
  });

  test("costs those who add jobs a look at as many rows as are deleted, and at new jobs", async () => {
    await sql(`
      insert into graphile_worker._private_job_queues (queue_name)
      select 'used' || n from generate_series(1, 2000) as n;
      insert into graphile_worker._private_jobs (task_id, job_queue_id, attempts)
      select tasks.id, queues.id, n % 2 * 25
      from graphile_worker._private_tasks as tasks, graphile_worker._private_job_queues as queues,
        generate_series(1, 10) as n
      where tasks.identifier = 'old' and queues.queue_name like 'used%'`);
    const ids = await names.find(100);
    await withClient(async (client) => {
      const held =
        table === "_private_tasks"
          ? unusedTasks(queries, client, "[]")
          : unusedQueues(queries, client);
      const marking = await measure(client, () => held.mark(ids));
      const marks = marking.result ?? { lastId: "", marked: "[]" };
      const checked = await names.check(marks.marked);
      await add({ priority: 1 });
      const removing = await measure(client, () => held.remove(checked, marks.lastId));
      for (const { scans, rows } of [marking, removing]) {
        expect(scans).toBe(0);
        expect(rows).toBeLessThan(30);
      }
    });
  });
});

/** What an action reads of jobs, queues and tasks; it is rolled back. */
async function measure<T>(client: PoolClient, act: () => Promise<T>) {
  const counters = async () => {
    const { rows } = await client.query<{ scans: number; rows: number }>(
      `select sum(seq_scan)::int as scans, sum(seq_tup_read + idx_tup_fetch)::int as rows
      from pg_stat_xact_user_tables
      where relname in ('_private_jobs', '_private_job_queues', '_private_tasks')`,
    );
    return rows[0] ?? { scans: NaN, rows: NaN };
  };
  await client.query("begin");
  const before = await counters();
  const result = await act();
  const after = await counters();
  await client.query("rollback");
  return { result, scans: after.scans - before.scans, rows: after.rows - before.rows };
}
