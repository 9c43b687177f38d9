import { Client, type ClientBase } from "pg";
import { afterAll, beforeEach, expect, test } from "vitest";
import type { TestDatabase } from "../support/database.js";
import { createQueue } from "./support.js";
import { plainTypes } from "../support/plain-types.js";

/**
 * What a claim touches must not depend on what it can't claim. Time says little on a busy machine, so
 * these count pages, rows and scans; each case fails by far when a plan walks or scans the wrong thing.
 */
let database: TestDatabase | undefined;
let client: Client;
const maxJobs = 10;

beforeEach(async () => {
  await database?.drop();
  database = await createQueue();
  client = await connect();
  await run(`
    insert into graphile_worker._private_tasks (identifier) values ('a');
    -- Plans are made while there is nothing, as on a queue that is usually empty.
    vacuum analyze graphile_worker._private_jobs;
    vacuum analyze graphile_worker._private_job_queues;
  `);
  for (let call = 0; call < 10; call++) await claim(client);
});
afterAll(() => database?.drop());

const backlog = `
  insert into graphile_worker._private_job_queues (queue_name, locked_at, locked_by)
  select 'busy' || n, now(), 'other' from generate_series(1, 2) as n;
  insert into graphile_worker._private_jobs (task_id, job_queue_id, run_at)
  select 1, 1 + n % 2, now() - interval '1 hour' from generate_series(1, 15000) as n;`;
const later = `
  insert into graphile_worker._private_jobs (task_id, run_at)
  select 1, now() + interval '1 hour' from generate_series(1, 10000) as n;
  insert into graphile_worker._private_job_queues (queue_name)
  select 'later' || n from generate_series(1, 3000) as n;
  insert into graphile_worker._private_jobs (task_id, job_queue_id, run_at, priority)
  select 1, id, now() + n * interval '1 hour', n % 3 - 1
  from graphile_worker._private_job_queues, generate_series(1, 4) as n
  where queue_name like 'later%';`;
const oneQueueLater = `
  insert into graphile_worker._private_job_queues (queue_name) values ('one');
  insert into graphile_worker._private_jobs (task_id, job_queue_id, run_at)
  select 1, (select max(id) from graphile_worker._private_job_queues), now() + interval '1 hour'
  from generate_series(1, 10000) as n;`;
const freeQueues = `
  insert into graphile_worker._private_job_queues (queue_name)
  select 'free' || n from generate_series(1, 3000) as n;
  insert into graphile_worker._private_jobs (task_id, job_queue_id)
  select 1, id from graphile_worker._private_job_queues, generate_series(1, 3) as n
  where queue_name like 'free%';`;
const ready = `
  insert into graphile_worker._private_jobs (task_id) select 1 from generate_series(1, 5000);`;

/** Some hundreds in the worst of these cases; each wrong turn reads ten thousand and more. */
const maxRows = 700;

test.each([
  ["jobs wait behind two busy queues and others are ready", backlog + ready],
  ["thousands of queues are free", freeQueues],
  ["jobs are scheduled for later, with queues and without", later + oneQueueLater + ready],
  ["it is all of this at once", backlog + later + oneQueueLater + freeQueues + ready],
])("a claim stays cheap when %s", async (_name, sql) => {
  await run(sql);
  expect(await claim(client)).toBe(maxJobs);
  const early = await measure(client);
  expect(early.scans).toBe(0);
  expect(early.rows).toBeLessThan(maxRows);
  // With statistics the plan is the same.
  await run("analyze graphile_worker._private_jobs; analyze graphile_worker._private_job_queues");
  const fresh = await connect();
  const late = await measure(fresh);
  await fresh.end();
  expect(late.scans).toBe(0);
  expect(late.rows).toBeLessThan(maxRows);
});

test("a claim stays cheap when a transaction holds the first jobs of queues with long backlogs", async () => {
  await run(`
    insert into graphile_worker._private_job_queues (queue_name)
    select 'held' || n from generate_series(1, 30) as n;
    insert into graphile_worker._private_jobs (task_id, job_queue_id, priority)
    select 1, id, -1 from graphile_worker._private_job_queues, generate_series(1, 500) as n;
    ${later} ${freeQueues}`);
  const holder = await connect();
  await holder.query("begin");
  await holder.query(`
    select from graphile_worker._private_jobs where id in (
      select min(id) from graphile_worker._private_jobs where priority = -1 group by job_queue_id
    ) for update`);
  for (const statistics of ["", "analyze"]) {
    await run(statistics);
    const fresh = await connect();
    const { scans, rows } = await measure(fresh);
    expect(scans).toBe(0);
    expect(rows).toBeLessThan(maxRows);
    await fresh.end();
  }
  await holder.end();
});

test("a claim doesn't even pass by the index entries of jobs that are scheduled for later", async () => {
  const queued = `
    insert into graphile_worker._private_job_queues (queue_name) values ('a'), ('b')
    on conflict do nothing;
    insert into graphile_worker._private_jobs (task_id, job_queue_id, priority, run_at)
    select 1, nullif(n % 3, 0), n % 2, now() + interval '1 hour' from generate_series(1, `;
  await run(`${ready} ${queued} 1000) as n`);
  const few = await measure(client);
  await run(`${queued} 40000) as n`);
  const many = await measure(client);
  expect(many.buffers - few.buffers).toBeLessThan(60);
});

test("a settle finds its jobs by their ids, even if its plan was made while there were none", async () => {
  const sql = `select * from graphile_worker.taskwright_settle_jobs(
    'me', '{2020-01-01}', '{1}', '{2}', '{no}', '{""}', '{""}', '{3}', '{""}')`;
  for (let call = 0; call < 10; call++) await client.query({ name: "settle", text: sql });
  await run(backlog + ready);
  expect(await measure(client, sql)).toMatchObject({ scans: 0, rows: 3 });
});

async function connect(): Promise<Client> {
  const client = new Client({ connectionString: database?.connectionString, types: plainTypes });
  client.on("error", () => {});
  await client.connect();
  return client;
}

async function run(sql: string): Promise<void> {
  for (const statement of sql.split(";")) {
    if (statement.trim() !== "") await database?.pool.query(statement);
  }
}

const claimSql = `select * from graphile_worker.taskwright_claim_jobs('me', '{1}', '{}', ${maxJobs}, 0)`;

async function claim(db: ClientBase): Promise<number> {
  return (await db.query({ name: "claim", text: claimSql })).rows.length;
}

interface Cost {
  /** Pages looked at. */
  readonly buffers: number;
  /** Sequential scans of jobs and queues. */
  readonly scans: number;
  /** Rows of jobs and queues that were read. */
  readonly rows: number;
}

/** What a statement touches, but for its planning; it is rolled back. */
async function measure(db: ClientBase, sql = claimSql): Promise<Cost> {
  await db.query("begin");
  await db.query(sql);
  const before = await counters(db);
  const { rows } = await db.query<{ "QUERY PLAN": [{ Plan: Record<string, number> }] }>(
    `explain (analyze, buffers, format json) ${sql}`,
  );
  const plan = rows[0]?.["QUERY PLAN"][0].Plan;
  const after = await counters(db);
  await db.query("rollback");
  return {
    buffers: (plan?.["Shared Hit Blocks"] ?? NaN) + (plan?.["Shared Read Blocks"] ?? NaN),
    scans: after.scans - before.scans,
    rows: after.rows - before.rows,
  };
}

async function counters(db: ClientBase): Promise<Omit<Cost, "buffers">> {
  const { rows } = await db.query<Omit<Cost, "buffers">>(
    `select sum(seq_scan)::int as scans, sum(seq_tup_read + idx_tup_fetch)::int as rows
    from pg_stat_xact_user_tables where relname in ('_private_jobs', '_private_job_queues')`,
  );
  return rows[0] ?? { scans: NaN, rows: NaN };
}
