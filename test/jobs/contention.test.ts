import type { Pool } from "pg";
import { afterAll, beforeAll, expect, test } from "vitest";
import { bindQueries } from "../../src/database/queries.js";
import { insertJobs, type JobInsert } from "../../src/jobs/insert.js";
import { migrate } from "../../src/migrate/index.js";
import { createDatabase, type TestDatabase } from "../support/database.js";

const queries = bindQueries({ schema: "graphile_worker", preparedStatements: true });
const keys = ["a", "b", "c"];
const callers = 12;
const callsOfEach = 40;

let database: TestDatabase;
beforeAll(async () => {
  database = await createDatabase();
  await migrate({ pool: database.pool });
});
afterAll(() => database.drop());

/**
 * Payloads are arrays, which a job key merges. So each request leaves its number in exactly one
 * job, and a number that no worker ever reads is a request that was lost.
 */
test("workers claim the very jobs that are being replaced, and no request is lost or doubled", async () => {
  const { pool } = database;
  const ways = [addJob, addJobs, addMixed];
  const accepted: number[] = [];
  let next = 0;
  const caller = async (seed: number) => {
    for (let call = 0; call < callsOfEach; call++) {
      const add = ways[(seed + call) % ways.length] ?? addJob;
      const batch = pickKeys(seed + call).map((key) => ({ key, number: next++ }));
      await add(pool, batch);
      accepted.push(...batch.map(({ number }) => number));
    }
  };
  const done = new AbortController();
  const workers = Promise.all([work(pool, done.signal), work(pool, done.signal)]);
  try {
    await Promise.all(Array.from({ length: callers }, (_, seed) => caller(seed)));
  } finally {
    done.abort();
  }
  const seen = (await workers).flat();
  expect(seen.sort(byNumber)).toEqual(accepted.sort(byNumber));
});

interface Request {
  readonly key: string;
  readonly number: number;
}

/** One key, several in changing order, or one key twice. */
function pickKeys(turn: number): string[] {
  const from = turn % keys.length;
  const rotated = [...keys.slice(from), ...keys.slice(0, from)];
  if (turn % 4 === 0) return rotated.slice(0, 1);
  return turn % 4 === 1 ? [...rotated, ...rotated.slice(0, 1)] : rotated;
}

async function addJob(pool: Pool, requests: readonly Request[]): Promise<void> {
  for (const { key, number } of requests) {
    const { rows } = await pool.query(
      "select id from graphile_worker.add_job('merge', $1::json, job_key => $2, queue_name => $3)",
      [`[${number}]`, key, `queue ${number % 7}`],
    );
    expect(rows).toEqual([{ id: expect.any(String) }]);
  }
}

async function addJobs(pool: Pool, requests: readonly Request[]): Promise<void> {
  const { rows } = await pool.query(
    `select id from graphile_worker.add_jobs(array(
       select ('merge', json_build_array(number), 'queue ' || number % 7, null, null, key, null, null)::graphile_worker.job_spec
       from json_to_recordset($1) as request (key text, number int)
     ))`,
    [JSON.stringify(requests)],
  );
  expect(rows).toEqual(requests.map(() => ({ id: expect.any(String) })));
}

async function addMixed(pool: Pool, requests: readonly Request[]): Promise<void> {
  const inserts = requests.map(({ key, number }): JobInsert => ({
    identifier: `merge ${number % 5}`,
    payload: `[${number}]`,
    spec: { jobKey: key, jobKeyMode: number % 2 === 0 ? "replace" : "preserve_run_at" },
  }));
  const jobs = await insertJobs(queries, pool, inserts);
  expect(jobs.map(({ key }) => key)).toEqual(requests.map(({ key }) => key));
}

/** Claims and completes jobs until nothing is left to do after the signal. */
async function work(pool: Pool, stopped: AbortSignal): Promise<number[]> {
  const seen: number[] = [];
  for (;;) {
    const isLast = stopped.aborted;
    const { rows } = await pool.query<{ id: string; payload: number[] }>(
      `update graphile_worker._private_jobs as jobs
       set attempts = attempts + 1, locked_at = now(), locked_by = 'test'
       from (
         select id from graphile_worker._private_jobs
         where is_available and run_at <= now()
         order by priority, run_at limit 2
         for update skip locked
       ) as next
       where jobs.id = next.id
       returning jobs.id, jobs.payload`,
    );
    if (isLast && rows.length === 0) return seen;
    seen.push(...rows.flatMap(({ payload }) => payload));
    await pool.query("delete from graphile_worker._private_jobs where id = any ($1)", [
      rows.map(({ id }) => id),
    ]);
  }
}

function byNumber(a: number, b: number): number {
  return a - b;
}
