import { Client } from "pg";
import { afterAll, beforeAll, expect, test } from "vitest";
import {
  completeJobs,
  getJob,
  listJobs,
  permanentlyFailJobs,
  removeJob,
  rescheduleJobs,
  retryJobs,
  runJobsNow,
} from "../../src/index.js";
import { bindQueries } from "../../src/database/queries.js";
import type { Statement, StatementExecutor } from "../../src/database/executor.js";
import type { TestDatabase } from "../support/database.js";
import { createQueue } from "../worker/support.js";
import { plainTypes } from "../support/plain-types.js";

/**
 * A queue is usually empty. Plans that a session made then, and keeps, may go through all that is in a
 * table, and stay what they are until the next analyze, however many jobs come meanwhile.
 *
 * So here every statement that looks jobs up by id, key, queue or task has run a dozen times on tables
 * that were vacuumed while they were empty, and then must not look at more pages because there are many
 * jobs and queues.
 */
const backlog = 60_000;
const worker = bindQueries({ schema: "graphile_worker", preparedStatements: true });
const id = "30000";
const ids = ["17", id, "59999"];
const lockedAt = "2020-01-01 00:00:00+00";
const nothingSettled = {
  completedIds: [],
  failedIds: [],
  failedMessages: [],
  failedPayloads: [],
  failedRetries: [],
  returnedIds: [],
  returnedPayloads: [],
};

/** Prepares what has a name, as the worker's own connections do. */
class Session implements StatementExecutor {
  readonly client: Client;
  constructor(client: Client) {
    this.client = client;
  }
  query(text: string, values?: unknown[]) {
    return this.client.query(text, values);
  }
  execute(statement: Statement) {
    return this.client.query({ ...statement, values: [...statement.values] });
  }
  /** Runs SQL that stays prepared. */
  run(text: string) {
    return this.client.query({ name: text.slice(0, 60), text });
  }
}

let database: TestDatabase;
let session: Session;

const cases: [string, (db: Session) => Promise<unknown>][] = [
  ["an add", (db) => db.run("select graphile_worker.add_job('a', queue_name => 'q9')")],
  [
    "an add with a new queue",
    (db) => db.run("select graphile_worker.add_job('a', queue_name => 'q')"),
  ],
  ...["replace", "preserve_run_at", "unsafe_dedupe"].map((mode): (typeof cases)[number] => [
    `an add by key, ${mode}`,
    (db) =>
      db.run(`/* ${mode} */ select graphile_worker.add_job(
          'a', queue_name => 'q9', job_key => 'k31', job_key_mode => '${mode}')`),
  ]),
  [
    "an add under the key of a job that runs",
    (db) => db.run("select graphile_worker.add_job('a', job_key => 'k4001')"),
  ],
  [
    "an add of several keys",
    (db) =>
      db.run(`/* several */ select count(*) from graphile_worker.add_jobs(array[
        ('a', '{}', 'q1', null, null, 'k11', null, null),
        ('a', '{}', 'q2', null, null, 'k2001', null, null),
        ('a', '{}', 'q3', null, null, 'new', null, null)
      ]::graphile_worker.job_spec[])`),
  ],
  ["removeJob", (db) => removeJob(db, "k31")],
  ["removeJob of one whose worker is dead", (db) => removeJob(db, "k2001")],
  ["removeJob of one that runs", (db) => removeJob(db, "k4001")],
  ["completeJobs", (db) => completeJobs(db, ids)],
  ["permanentlyFailJobs", (db) => permanentlyFailJobs(db, ids)],
  ["rescheduleJobs", (db) => rescheduleJobs(db, ids, { priority: 1 })],
  ["retryJobs", (db) => retryJobs(db, ids)],
  ["runJobsNow", (db) => runJobsNow(db, ids)],
  ["getJob", (db) => getJob(db, id)],
  ["listJobs by key", (db) => listJobs(db, { key: "k31" })],
  ["findJobs", (db) => worker.findJobs(db, { ids: ids.join(",") })],
  ["findJobStates", (db) => worker.findJobStates(db, { ids: ids.join(",") })],
  ["findBusyJobs", (db) => worker.findBusyJobs(db, { ids })],
  [
    "lookAtJobs",
    (db) =>
      worker.lookAtJobs(db, {
        workerId: "me",
        locks: [lockedAt],
        ids: [id],
        transactions: ["7,8"],
      }),
  ],
  ["findHeldJobs", (db) => worker.findHeldJobs(db, { workerId: "me", locks: [lockedAt], ids })],
  [
    "settleJobs",
    (db) =>
      worker.settleJobs(db, {
        ...nothingSettled,
        workerId: "me",
        locks: [lockedAt],
        completedIds: ["17"],
        returnedIds: [id],
        returnedPayloads: [""],
      }),
  ],
  [
    "claimJobs",
    (db) =>
      worker.claimJobs(db, {
        workerId: "me",
        taskIds: [1],
        forbiddenFlags: [],
        maxJobs: 1,
        afterQueue: 0,
        limits: null,
      }),
  ],
  ["hasDueJobs", (db) => worker.hasDueJobs(db, { taskIds: [1], forbiddenFlags: [] })],
  [
    "completeJob",
    (db) =>
      db.run(`/* complete */ do $$ begin
    perform graphile_worker.taskwright_complete_job('me', ${id}, '${lockedAt}');
    exception when sqlstate 'TWLST' then null; end $$`),
  ],
  [
    "recoverJobs",
    (db) =>
      worker.recoverJobs(db, {
        workerIds: '["other"]',
        decisions: `[{"id":2001,"worker_id":"other","locked_at":"${lockedAt}","action":"fail"}]`,
        delayMs: "0",
        maxCrashes: "3",
      }),
  ],
  [
    "markStarts",
    (db) =>
      worker.markStarts(db, {
        workerId: "other",
        locks: [lockedAt],
        ids: ["2001"],
        endedLocks: [lockedAt],
        endedIds: [id],
      }),
  ],
  [
    "deleteQueues",
    (db) => worker.deleteQueues(db, { checked: '[{"id":1,"version":""}]', lastId: "999999" }),
  ],
];

beforeAll(async () => {
  database = await createQueue();
  const client = new Client({ connectionString: database.connectionString, types: plainTypes });
  client.on("error", () => {});
  await client.connect();
  session = new Session(client);
  const tables = ["_private_jobs", "_private_job_queues", "_private_tasks"];
  for (const table of tables) {
    await client.query(`alter table graphile_worker.${table} set (autovacuum_enabled = false)`);
    await client.query(`vacuum analyze graphile_worker.${table}`);
  }
  await client.query(`select
    setval('graphile_worker.jobs_id_seq1', 1000000),
    setval('graphile_worker.job_queues_id_seq', 1000000)`);
  for (const [, act] of cases) {
    await undo(async () => {
      await client.query(fill("n in (11, 17, 31, 2001, 4001, 30000, 59999)"));
      for (let call = 0; call < 12; call++) {
        await client.query("savepoint before");
        await act(session);
        await client.query("rollback to before");
      }
    });
  }
  await database.pool.query(fill("true"));
});
afterAll(async () => {
  await session.client.end();
  await database.drop();
});

/** Adds those of the jobs, with their queues, for which the condition holds. */
function fill(condition: string): string {
  return `
    insert into graphile_worker._private_tasks (id, identifier) overriding system value
    select n, case n when 1 then 'a' else 't' || n end
    from generate_series(1, 1000) as n where n = 1 or ${condition};
    insert into graphile_worker._private_job_queues (id, queue_name) overriding system value
    select n % 20000 + 1, 'q' || n % 20000
    from generate_series(1, ${backlog}) as n where ${condition}
    on conflict do nothing;
    insert into graphile_worker._private_jobs
      (id, task_id, job_queue_id, key, attempts, run_at, locked_at, locked_by) overriding system value
    select
      n, 1, n % 20000 + 1, 'k' || n, n % 26, now() + (n % 3 - 1) * interval '1 h',
      case when n % 4000 = 1 then now() when n % 2000 = 1 then '${lockedAt}'::timestamptz end, case when n % 2000 = 1 then 'other' end
    from generate_series(1, ${backlog}) as n where ${condition}`;
}

async function undo<T>(act: () => Promise<T>): Promise<T> {
  await session.client.query("begin");
  try {
    return await act();
  } finally {
    await session.client.query("rollback");
  }
}

interface Cost {
  readonly scans: number;
  readonly pages: number;
}

/** What the session has read of the tables and their indexes. */
async function counters(): Promise<Cost> {
  const { rows } = await session.client.query<Cost>(`
    with tables as (
      select oid from pg_class
      where relname in ('_private_jobs', '_private_job_queues', '_private_tasks')
    )
    select
      (
        select sum(seq_scan)::int from pg_stat_xact_user_tables where relid in (select oid from tables)
      ) as scans,
      (
        select sum(pg_stat_get_xact_blocks_fetched(relations.oid))::int
        from (
          select oid from tables
          union all
          select indexrelid from pg_index where indrelid in (select oid from tables)
        ) as relations
      ) as pages`);
  return rows[0] ?? { scans: NaN, pages: NaN };
}

test.each(cases)(
  "%s finds its rows by an index, though its plan was made while there were none",
  async (_name, act) => {
    const cost = await undo(async () => {
      const before = await counters();
      await act(session);
      const after = await counters();
      return { scans: after.scans - before.scans, pages: after.pages - before.pages };
    });
    expect(cost.scans).toBe(0);
    // Most read fewer than a hundred; the smallest index that could be walked through has 300.
    expect(cost.pages).toBeLessThan(250);
  },
);
