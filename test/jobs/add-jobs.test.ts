import { Client } from "pg";
import { afterAll, beforeAll, beforeEach, describe, expect, test, vi } from "vitest";
import { migrate } from "../../src/migrate/index.js";
import { createDatabase, type TestDatabase } from "../support/database.js";
import { plainTypes } from "../support/plain-types.js";

let database: TestDatabase;
beforeAll(async () => {
  database = await createDatabase();
  await migrate({ pool: database.pool });
});
afterAll(() => database.drop());
beforeEach(async () => {
  await database.pool.query("truncate graphile_worker._private_jobs");
});

interface Spec {
  readonly identifier: string;
  readonly payload?: unknown;
  readonly queue_name?: string;
  readonly run_at?: string;
  readonly job_key?: string;
  readonly priority?: number;
}

interface Row {
  readonly id: string;
  readonly key: string | null;
  readonly payload: unknown;
  readonly revision: number;
  readonly run_at: Date;
  readonly priority: number;
}

const addJobsText = `select * from graphile_worker.add_jobs(
  array(select json_populate_recordset(null::graphile_worker.job_spec, $1::json)), $2)`;

async function addJobs(specs: readonly Spec[], preserveRunAt = false): Promise<Row[]> {
  const { rows } = await database.pool.query<Row>(addJobsText, [
    JSON.stringify(specs),
    preserveRunAt,
  ]);
  return rows;
}

async function allJobs(): Promise<Row[]> {
  const { rows } = await database.pool.query<Row>(
    "select * from graphile_worker._private_jobs order by id",
  );
  return rows;
}

async function withClients(
  count: number,
  use: (...clients: Client[]) => Promise<void>,
): Promise<void> {
  const { connectionString } = database;
  const clients = Array.from(
    { length: count },
    () => new Client({ connectionString, types: plainTypes }),
  );
  await Promise.all(clients.map((client) => client.connect()));
  try {
    await use(...clients);
  } finally {
    await Promise.all(clients.map((client) => client.end()));
  }
}

describe("a key that comes twice in one call", () => {
  test("has one job, in which the later spec wins", async () => {
    const rows = await addJobs([
      { identifier: "t", job_key: "k", payload: { n: 1 }, priority: 1 },
      { identifier: "other" },
      { identifier: "t", job_key: "k", payload: { n: 2 }, priority: 2 },
    ]);
    expect(rows.map(({ key, payload }) => [key, payload])).toEqual([
      ["k", { n: 2 }],
      [null, {}],
      ["k", { n: 2 }],
    ]);
    expect(rows[0]).toEqual(rows[2]);
    expect(rows[0]).toMatchObject({ revision: 1, priority: 2 });
    expect(await allJobs()).toHaveLength(2);
  });

  test("merges arrays as if the specs had come one after another", async () => {
    const payloads = [[1], [2, 3], { not: "an array" }, [4], [5]];
    await addJobs([{ identifier: "t", job_key: "k", payload: [0] }]);
    await addJobs(payloads.map((payload) => ({ identifier: "t", job_key: "k", payload })));
    expect(await allJobs()).toMatchObject([{ payload: [4, 5], revision: 5 }]);
    await addJobs([[6], [7]].map((payload) => ({ identifier: "t", job_key: "k", payload })));
    expect(await allJobs()).toMatchObject([{ payload: [4, 5, 6, 7], revision: 7 }]);
  });

  test("keeps the first time when times are preserved", async () => {
    const times = ["2100-01-01T00:00:00Z", "2101-01-01T00:00:00Z"];
    const specs = times.map((run_at) => ({ identifier: "t", job_key: "k", run_at }));
    await addJobs(specs, true);
    expect((await allJobs()).map(({ run_at }) => run_at.getUTCFullYear())).toEqual([2100]);
    await addJobs(specs);
    expect((await allJobs()).map(({ run_at }) => run_at.getUTCFullYear())).toEqual([2101]);
  });
});

test("jobs get their ids in the order of the specs, keyed or not, new or superseding", async () => {
  await addJobs([{ identifier: "t", job_key: "m" }]);
  await database.pool.query("update graphile_worker._private_jobs set locked_at = now()");
  const keys = ["z", undefined, "m", "a", undefined, "q"];
  const rows = await addJobs(
    keys.map((job_key, n) => ({ identifier: `t${n % 3}`, ...(job_key ? { job_key } : {}) })),
  );
  expect(rows.map(({ key }) => key ?? undefined)).toEqual(keys);
  const ids = rows.map(({ id }) => Number(id));
  expect(ids).toEqual(ids.toSorted((a, b) => a - b));
});

test("adding to tasks and queues that exist uses up none of their numbers", async () => {
  const numbers = () =>
    database.pool.query(
      "select last_value from graphile_worker.tasks_id_seq union all select last_value from graphile_worker.job_queues_id_seq",
    );
  await addJobs([{ identifier: "known", queue_name: "known" }]);
  const before = await numbers();
  await addJobs([{ identifier: "known", queue_name: "known" }]);
  await database.pool.query(
    "select graphile_worker.add_job('known', queue_name := 'known', job_key := 'k', job_key_mode := 'unsafe_dedupe')",
  );
  expect((await numbers()).rows).toEqual(before.rows);
});

test("an unknown key mode is refused with the peers' code", async () => {
  const adding = database.pool.query(
    "select graphile_worker.add_job('t', job_key := 'k', job_key_mode := 'replcae')",
  );
  await expect(adding).rejects.toMatchObject({ code: "GWBKM" });
});

test("a request that meets a claim under way waits for it and gets a job of its own", () =>
  withClients(2, async (worker, caller) => {
    await addJobs([{ identifier: "t", job_key: "k", payload: { n: 1 } }]);
    await worker.query("begin");
    await worker.query(
      "update graphile_worker._private_jobs set locked_at = now(), locked_by = 'w', attempts = 1",
    );
    for (const text of [
      "select graphile_worker.add_job('t', '{\"n\":2}', job_key := 'k')",
      `select graphile_worker.add_jobs(array[
         ('t', '{"n":2}', null, null, null, 'k', null, null),
         ('t', '{}', null, null, null, 'l', null, null)]::graphile_worker.job_spec[])`,
    ]) {
      const added = caller.query(text);
      await untilWaiting();
      await worker.query("commit");
      await added;
      await worker.query("begin");
      await worker.query(
        "update graphile_worker._private_jobs set locked_at = now() where key = 'k'",
      );
    }
    await worker.query("rollback");
    const held = (await allJobs()).filter(({ key }) => key === null);
    expect(held.map(({ payload }) => payload)).toEqual([{ n: 1 }, { n: 2 }]);
    expect((await allJobs()).find(({ key }) => key === "k")).toMatchObject({ revision: 0 });
  }));

test("jobs without a key are added once though a key of the same call has to be waited for", () =>
  withClients(2, async (holder, adder) => {
    const specs = (count: number) => [
      { identifier: "keyed", job_key: "k", payload: { count } },
      { identifier: "plain" },
      { identifier: "keyed", job_key: "l" },
    ];
    await addJobs(specs(1));
    await holder.query("begin");
    await holder.query("select from graphile_worker._private_jobs where key = 'k' for update");
    const adding = adder.query<Row>(addJobsText, [JSON.stringify(specs(2)), false]);
    await untilWaiting();
    await holder.query("commit");
    expect((await adding).rows).toHaveLength(3);
    const jobs = await allJobs();
    expect(jobs.map(({ key }) => key).filter((key) => key === null)).toHaveLength(2);
    expect(jobs).toHaveLength(4);
    expect(jobs.find(({ key }) => key === "k")).toMatchObject({ payload: { count: 2 } });
  }));

test("a repeatable-read transaction whose key changed hands is told, not ignored", () =>
  withClients(1, async (caller) => {
    for (const prepare of [
      () => addJobs([{ identifier: "t", job_key: "new" }]),
      () => database.pool.query("update graphile_worker._private_jobs set locked_at = now()"),
      () => database.pool.query("delete from graphile_worker._private_jobs"),
    ]) {
      await caller.query("begin isolation level repeatable read");
      await caller.query("select count(*) from graphile_worker._private_jobs");
      await prepare();
      const adding = caller.query("select graphile_worker.add_job('t', job_key := 'new')");
      await expect(adding).rejects.toMatchObject({ code: "40001" });
      await caller.query("rollback");
    }
  }));

test("calls that bring the same new tasks, queues and keys in different orders don't deadlock", () =>
  withClients(4, async (...callers) => {
    const specs = (from: number) =>
      Array.from({ length: 6 }, (_, n) => (from % 2 === 0 ? n : 5 - n));
    for (let round = 0; round < 25; round++) {
      await Promise.all(
        callers.map((caller, index) =>
          caller.query(addJobsText, [
            JSON.stringify(
              specs(index).map((n) => ({
                identifier: `task ${round} ${n}`,
                queue_name: `queue ${round} ${5 - n}`,
                job_key: `key ${round} ${(n * 5) % 6}`,
              })),
            ),
            false,
          ]),
        ),
      );
    }
    expect(await allJobs()).toHaveLength(150);
    expect((await allJobs()).every(({ revision }) => revision === 3)).toBe(true);
  }));

test("deduplicated requests under contention all get a job, and nobody is woken for nothing", () =>
  withClients(1, async (listener) => {
    const counts: number[] = [];
    listener.on("notification", ({ payload = "" }) => {
      counts.push((JSON.parse(payload) as { count: number }).count);
    });
    await listener.query('listen "jobs:insert"');
    const added = await Promise.all(
      Array.from({ length: 40 }, () =>
        database.pool.query<{ id: string | null }>(
          "select id from graphile_worker.add_job('t', job_key := 'd', job_key_mode := 'unsafe_dedupe')",
        ),
      ),
    );
    const [job, ...others] = await allJobs();
    expect(others).toEqual([]);
    expect(new Set(added.map(({ rows }) => rows[0]?.id))).toEqual(new Set([job?.id]));
    expect(job?.revision).toBe(39);
    await listener.query("select 1");
    expect(counts).toEqual([1]);
  }));

/** Resolves once a statement waits for another transaction. */
async function untilWaiting(): Promise<void> {
  await vi.waitUntil(
    async () => {
      const { rows } = await database.pool.query(
        `select from pg_stat_activity
         where datname = current_database() and wait_event_type = 'Lock'`,
      );
      return rows.length > 0;
    },
    { timeout: 20_000 },
  );
}
