import type { Pool } from "pg";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { inspectSchema, migrate } from "../../src/migrate/index.js";
import { readCatalogue } from "../support/catalogue.js";
import { createDatabase, type TestDatabase } from "../support/database.js";
import { migratePeer, runPeerOnce } from "../support/peer.js";
import { migrateAsRust } from "./rust.js";

let fresh: string[];
beforeAll(async () => {
  const database = await createDatabase();
  await migrate({ pool: database.pool });
  fresh = await readCatalogue(database.pool);
  await database.drop();
});

const origins: readonly [string, (database: TestDatabase) => Promise<void>][] = [
  ["revision 18 of Node's 0.16", ({ connectionString }) => migratePeer(18, connectionString)],
  ["revision 19 of Node's 0.17", ({ connectionString }) => migratePeer(19, connectionString)],
  ["revision 20 of Node's 0.18", ({ connectionString }) => migratePeer(20, connectionString)],
  ["revision 19 of the Rust crate", (db) => migrateAsRust(19, db.pool, db.connectionString)],
  ["revision 20 of the Rust crate", (db) => migrateAsRust(20, db.pool, db.connectionString)],
];

describe.each(origins)("from %s", (_, install) => {
  let database: TestDatabase;
  beforeAll(async () => {
    database = await createDatabase();
    await install(database);
  });
  afterAll(() => database.drop());

  test("the schema becomes ours, and no job or lock changes", async () => {
    const { pool } = database;
    await addJobs(pool);
    const jobs = await readJobs(pool);
    expect(await inspectSchema({ pool })).toMatchObject({ status: "upgradable" });

    const result = await migrate({ pool });

    expect(result).toMatchObject({ migrated: true, state: { status: "current", missing: [] } });
    expect(await readCatalogue(pool)).toEqual(fresh);
    expect(await readJobs(pool)).toEqual(jobs);
    const { rows } = await pool.query(
      "select array_agg(id order by id) filter (where breaking) as breaking, count(*)::int from graphile_worker.migrations",
    );
    expect(rows).toEqual([{ breaking: [1, 3, 11, 13, 14, 16, 19], count: 20 }]);
  });

  test("migrating again changes nothing", async () => {
    const result = await migrate({ connectionString: database.connectionString });
    expect(result).toMatchObject({ migrated: false, warnings: [] });
  });

  test("graphile-worker 0.18 runs the jobs that were there and those that came since", async () => {
    const { pool, connectionString } = database;
    await pool.query("select graphile_worker.add_job('new', '{\"n\":1}', job_key := 'new')");
    const runs = await runPeerOnce(connectionString, "graphile_worker", ["plain", "new"]);
    expect(runs.map(({ task, key }) => ({ task, key }))).toEqual(
      expect.arrayContaining([
        { task: "plain", key: null },
        { task: "plain", key: "kept" },
        { task: "new", key: "new" },
      ]),
    );
    expect(runs).toHaveLength(3);
    expect(await readJobs(pool)).toHaveLength(3);
  });
});

/** Due, keyed and queued, failed for good, and held by a worker, its queue too. */
async function addJobs(pool: Pool): Promise<void> {
  await pool.query(`
    select graphile_worker.add_job('plain', '{"a":[1,2]}', flags := array['slow']);
    select graphile_worker.add_job('plain', '{}', queue_name := 'free', job_key := 'kept', priority := -3);
    select graphile_worker.add_job('failed', '{}');
    select graphile_worker.add_job('held', '{}', queue_name := 'busy', job_key := 'held');
    select graphile_worker.add_job('held', '{}');
    update graphile_worker._private_jobs set attempts = max_attempts, last_error = 'no'
      where task_id = (select id from graphile_worker._private_tasks where identifier = 'failed');
    update graphile_worker._private_jobs set attempts = 1, locked_at = now(), locked_by = 'worker'
      where task_id = (select id from graphile_worker._private_tasks where identifier = 'held');
    update graphile_worker._private_job_queues set locked_at = now(), locked_by = 'worker'
      where queue_name = 'busy';
  `);
}

async function readJobs(pool: Pool): Promise<unknown[]> {
  const { rows } = await pool.query(`
    select to_jsonb(jobs) as job, to_jsonb(tasks) as task, to_jsonb(queues) as queue
    from graphile_worker._private_jobs as jobs
    join graphile_worker._private_tasks as tasks on tasks.id = jobs.task_id
    left join graphile_worker._private_job_queues as queues on queues.id = jobs.job_queue_id
    order by jobs.id`);
  return rows;
}

test.each([
  { before: "claims were bounded by bytes", parameters: "limits json default null", mark: 2 },
  {
    before: "a slot could be for several jobs",
    parameters: "limits json default null, max_bytes int default null",
    mark: 7,
  },
])(
  "a worker from before $before claims on, through the one function that is left",
  async ({ parameters, mark }) => {
    const database = await createDatabase();
    const { pool } = database;
    await migrate({ pool });
    await pool.query("select graphile_worker.add_job('task')");
    await pool.query(
      "drop function graphile_worker.taskwright_claim_jobs(text, int[], text[], int, int, json, int)",
    );
    await pool.query(`
      create function graphile_worker.taskwright_claim_jobs(
        worker_id text, task_ids int[], forbidden_flags text[], max_jobs int, after_queue int,
        ${parameters}
      ) returns table (id text, look_on int) language plpgsql as $$
      -- taskwright: taskwright_claim_jobs ${mark}
      begin
      end $$
    `);
    const old = await pool.connect();
    const claim = () =>
      old.query<{ id: string }>({
        name: "claim",
        text: "select id, look_on from graphile_worker.taskwright_claim_jobs($1, $2, $3, $4, $5, $6)",
        values: ["old", [1], [], 5, 0, '[{"task_id":1,"room":5,"fleet":3}]'],
      });
    try {
      expect((await claim()).rows).toEqual([]);
      expect(await inspectSchema({ pool })).toMatchObject({ missing: ["taskwright_claim_jobs"] });
      await migrate({ pool });
      expect((await claim()).rows).toMatchObject([{ id: "1" }]);
    } finally {
      old.release();
    }
    expect(await readCatalogue(pool)).toEqual(fresh);
    await database.drop();
  },
);
