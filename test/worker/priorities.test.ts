import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import type { TestDatabase } from "../support/database.js";
import { createQueue } from "./support.js";

/**
 * A producer may give each job another priority, 65,536 in all. What a claim costs must not grow with
 * them, and each due job must be found all the same. Pages are counted, since time says little.
 */
let database: TestDatabase;
beforeAll(async () => {
  database = await createQueue();
  await run("insert into graphile_worker._private_tasks (identifier) values ('a'), ('b')");
  // Plans are made while there is nothing, as on a queue that is usually empty.
  await run("vacuum analyze graphile_worker._private_jobs");
  for (let call = 0; call < 10; call++) await claim();
});
afterAll(() => database.drop());
beforeEach(() =>
  run("truncate graphile_worker._private_jobs, graphile_worker._private_job_queues"),
);

const maxJobs = 10;
/** A claim reads some hundreds; one that looks at each priority reads 200,000. */
const maxPages = 2500;
const queues = `
  insert into graphile_worker._private_job_queues (id, queue_name) overriding system value
  select n, 'q' || n from generate_series(1, 1000) as n;`;
/** One job of each priority. */
const every = (task: number, runAt: string, queue = "null::int") => `
  insert into graphile_worker._private_jobs (task_id, run_at, job_queue_id, priority)
  select ${task}, ${runAt}, ${queue}, n from generate_series(-32768, 32767) as n;`;
const inQueues = "1 + (n + 32768) % 1000";
const later = "now() + interval '1 hour'";
/** The jobs to be found: of the worst priority, of an ordinary one, and of the best. */
const three = (queue: string) => `
  insert into graphile_worker._private_jobs (task_id, job_queue_id, priority)
  select 1, ${queue}, n from unnest('{32767, 0, -32768}'::int[]) with ordinality as given (n, place);`;
const bestFirst = [-32768, 0, 32767];

test.each([
  ["are scheduled for later", every(1, later), three("null")],
  ["are scheduled for later, in queues", queues + every(1, later, inQueues), three("place")],
  ["are scheduled for later, in one queue", queues + every(1, later, "7"), three("place")],
  ["are of a task that others run", every(2, "now()"), three("null")],
  ["of others are scheduled for later", every(2, later), three("null")],
  ["of others are in queues", queues + every(2, later, inQueues), three("place")],
  [
    "of both kinds are scheduled for later",
    queues + every(1, later, inQueues) + every(1, later),
    three("place"),
  ],
])(
  "due jobs are found at once, in their order, when jobs of 65,536 priorities %s",
  async (_name, many, due) => {
    await run(many + due);
    for (const statistics of ["", "analyze graphile_worker._private_jobs"]) {
      await run(statistics);
      const { priorities, pages } = await measure();
      expect(priorities).toEqual(bestFirst);
      expect(pages).toBeLessThan(maxPages);
    }
    expect(await hasDueJobs()).toEqual({ isAnyDue: true, isCheap: true });
  },
);

test.each([
  ["without queues", every(1, "now()")],
  ["in queues", queues + every(1, "now()", inQueues)],
])("a claim takes its fill of due jobs of 65,536 priorities %s", async (_name, many) => {
  await run(many);
  const { priorities, pages } = await measure();
  expect(priorities).toHaveLength(maxJobs);
  expect(priorities).toEqual(priorities.toSorted((a, b) => a - b));
  expect(pages).toBeLessThan(maxPages);
});

test("jobs of 65,536 priorities that aren't due are no reason to claim", async () => {
  await run(queues + every(1, later, inQueues) + every(1, later));
  expect((await measure()).priorities).toEqual([]);
  expect(await hasDueJobs()).toEqual({ isAnyDue: false, isCheap: true });
});

test("up to 100 priorities the order is exact, however far apart they are", async () => {
  await run(`
    insert into graphile_worker._private_jobs (task_id, priority, run_at)
    select 1, 600 * n, now() + n * interval '1 s' - interval '1 hour'
    from generate_series(49, -50, -1) as n, generate_series(1, 3)`);
  expect(await claim(3)).toEqual([-30_000, -30_000, -30_000]);
  expect(await claim(9)).toEqual([
    ...times(3, -29_400),
    ...times(3, -28_800),
    ...times(3, -28_200),
  ]);
});

test("past 100 priorities the order is exact among the jobs that have been due for the longest time", async () => {
  await run(`
    insert into graphile_worker._private_jobs (task_id, priority, run_at)
    select 1, 100 + n, now() - n * interval '1 s' from generate_series(1, 150) as n`);
  // A claim of 3 sees 62 of them, those of the priorities 189 to 250.
  expect(await claim(3)).toEqual([189, 190, 191]);
});

test.each([
  ["without queues", "null"],
  ["in queues", "n"],
])("each due job of too many priorities runs, the worst one too (%s)", async (_name, queue) => {
  await run(`${queues}
    insert into graphile_worker._private_jobs (task_id, job_queue_id, priority, run_at)
    select 1, ${queue}, 32768 - n, now() - n * interval '1 s' from generate_series(1, 400) as n`);
  const ran: number[] = [];
  for (let call = 0; call < 45; call++) ran.push(...(await claim()));
  expect(ran.toSorted((a, b) => a - b)).toEqual(Array.from({ length: 400 }, (_, n) => 32_368 + n));
});

test("an open transaction that holds the jobs that are due for the longest time stops no others", async () => {
  await run(`
    insert into graphile_worker._private_jobs (task_id, priority, run_at)
    select 1, 100 + n, now() - n * interval '1 s' from generate_series(1, 200) as n`);
  const holder = await database.pool.connect();
  await holder.query("begin");
  await holder.query(`
    select from graphile_worker._private_jobs where priority > 150 for update`);
  const found = await claim();
  await holder.query("rollback");
  holder.release();
  expect(found.toSorted((a, b) => a - b)).toEqual([
    141, 142, 143, 144, 145, 146, 147, 148, 149, 150,
  ]);
});

test("a queue whose due job is of one of too many priorities is found behind a backlog", async () => {
  await run(`${queues} ${every(1, later, "7")}
    update graphile_worker._private_job_queues set locked_at = now(), locked_by = 'other' where id = 1;
    insert into graphile_worker._private_jobs (task_id, job_queue_id, priority, run_at)
    select 1, 1, 100 + n % 2, now() - interval '1 day' - (n % 2) * interval '-1 day' from generate_series(1, 400) as n;
    insert into graphile_worker._private_jobs (task_id, job_queue_id, priority, run_at)
    values (1, 7, 500, now() - interval '1 hour')`);
  expect(await claim()).toEqual([500]);
});

function times(count: number, priority: number): number[] {
  return Array<number>(count).fill(priority);
}

async function run(sql: string): Promise<void> {
  if (sql !== "") await database.pool.query(sql);
}

function claimSql(max: number): string {
  return `select * from graphile_worker.taskwright_claim_jobs('me', '{1}', '{}', ${max}, 0)`;
}

/** Claims jobs, whose queues are free again at once. Returns their priorities. */
async function claim(max = maxJobs): Promise<number[]> {
  const { rows } = await database.pool.query<{ id: string | null; priority: number }>(
    claimSql(max),
  );
  await run(
    "update graphile_worker._private_job_queues set locked_at = null, locked_by = null where locked_by = 'me'",
  );
  return rows.filter(({ id }) => id !== null).map(({ priority }) => priority);
}

/** What a claim finds, and how many pages it reads; it is rolled back. */
async function measure(): Promise<{ priorities: number[]; pages: number }> {
  const client = await database.pool.connect();
  try {
    await client.query("begin");
    const { rows } = await client.query<{ id: string | null; priority: number }>(claimSql(maxJobs));
    await client.query("rollback");
    await client.query("begin");
    const pages = await countPages(client.query.bind(client), claimSql(maxJobs));
    await client.query("rollback");
    return {
      priorities: rows.filter(({ id }) => id !== null).map(({ priority }) => priority),
      pages,
    };
  } finally {
    client.release();
  }
}

async function hasDueJobs(): Promise<{ isAnyDue: boolean; isCheap: boolean }> {
  const sql = "select graphile_worker.taskwright_has_due_jobs('{1}', '{}') as due";
  const { rows } = await database.pool.query<{ due: boolean }>(sql);
  const pages = await countPages(database.pool.query.bind(database.pool), sql);
  return { isAnyDue: rows[0]?.due === true, isCheap: pages < maxPages };
}

type Query = (sql: string) => Promise<{ rows: unknown[] }>;

async function countPages(query: Query, sql: string): Promise<number> {
  const { rows } = await query(`explain (analyze, buffers, format json) ${sql}`);
  const [row] = rows as { "QUERY PLAN": [{ Plan: Record<string, number> }] }[];
  const plan = row?.["QUERY PLAN"][0].Plan;
  return (plan?.["Shared Hit Blocks"] ?? NaN) + (plan?.["Shared Read Blocks"] ?? NaN);
}
