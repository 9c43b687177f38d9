import * as fc from "fast-check";
import { afterAll, beforeAll, expect, test } from "vitest";
import { bindSchema } from "../../src/database/identifier.js";
import {
  cleanup,
  completeJobs,
  forceUnlockWorkers,
  migrate,
  permanentlyFailJobs,
  removeJob,
  rescheduleJobs,
  type CleanupTask,
} from "../../src/index.js";
import { createDatabase, type TestDatabase } from "../support/database.js";
import { migratePeer, runPeer } from "../support/peer.js";

const ours = `odd "ours"`;
const peers = `odd "peers"`;
const options = { schema: ours };

let database: TestDatabase;
beforeAll(async () => {
  database = await createDatabase();
  const { connectionString } = database;
  await migrate({ connectionString, schema: ours });
  await migratePeer(20, connectionString, peers);
});
afterAll(() => database.drop());

const sql = async (schema: string, text: string, values: unknown[] = []) => {
  const { rows } = await database.pool.query<Record<string, unknown>>(
    bindSchema(text, schema),
    values,
  );
  return rows;
};

type Call =
  | readonly ["completeJobs", readonly string[]]
  | readonly ["permanentlyFailJobs", readonly string[], string?]
  | readonly ["rescheduleJobs", readonly string[], Parameters<typeof rescheduleJobs>[2]]
  | readonly ["removeJob", string]
  | readonly ["forceUnlockWorkers", readonly string[]]
  | readonly ["cleanup", { readonly tasks: readonly CleanupTask[] }];

/** Answers as the peer's script does: with the ids of the jobs that the call gave. */
async function call(call: Call): Promise<string[]> {
  const { pool } = database;
  switch (call[0]) {
    case "completeJobs":
      return idsOf((await completeJobs(pool, call[1], options)).jobs);
    case "permanentlyFailJobs":
      return idsOf((await permanentlyFailJobs(pool, call[1], call[2], options)).jobs);
    case "rescheduleJobs":
      return idsOf((await rescheduleJobs(pool, call[1], { ...call[2], ...options })).jobs);
    case "removeJob": {
      const job = await removeJob(pool, call[1], options);
      return job === undefined ? [] : [job.id];
    }
    case "forceUnlockWorkers":
      await forceUnlockWorkers(pool, call[1], options);
      return [];
    case "cleanup":
      await cleanup(pool, { ...call[1], ...options });
      return [];
  }
}

function idsOf(jobs: readonly { readonly id: string }[]): string[] {
  return jobs.map(({ id }) => id).sort();
}

const jobCount = 60;
const workers = ["w0", "w1", "w2"];
const jobs = fc.array(
  fc.record({
    task: fc.nat(4),
    queue: fc.option(fc.nat(4)),
    key: fc.boolean(),
    attempts: fc.nat(3),
    maxAttempts: fc.integer({ min: 3, max: 4 }),
    runAt: fc.integer({ min: -2, max: 2 }),
    lock: fc.option(
      fc.record({ worker: fc.constantFrom(...workers), hours: fc.constantFrom(0, 1, 3, 5, 9) }),
    ),
  }),
  { minLength: jobCount, maxLength: jobCount },
);
const ids = fc.uniqueArray(fc.integer({ min: 1, max: jobCount + 3 }).map(String), {
  minLength: 1,
  maxLength: 8,
});
// The peer's client takes zeros for nothing.
const reschedule = fc
  .record(
    {
      runAt: fc.constant(new Date("2040-01-02T03:04:05.678Z")),
      priority: fc.constantFrom(-5, 7),
      attempts: fc.integer({ min: 1, max: 3 }),
      // Never below a job's attempts: our cleanup deletes such a job, and graphile-worker's, which asks whether
      // the two are equal, leaves it (test/manage/cleanup.test.ts).
      maxAttempts: fc.constant(6),
    },
    { requiredKeys: [] },
  )
  .filter((values) => Object.keys(values).length > 0);
const tasks = fc.uniqueArray(
  fc.constantFrom<CleanupTask>("GC_JOB_QUEUES", "GC_TASK_IDENTIFIERS", "DELETE_PERMAFAILED_JOBS"),
);
const calls: fc.Arbitrary<readonly Call[]> = fc.array(
  fc.oneof(
    fc.tuple(fc.constant("completeJobs" as const), ids),
    fc.tuple(fc.constant("permanentlyFailJobs" as const), ids),
    fc.tuple(fc.constant("permanentlyFailJobs" as const), ids, fc.constant("because")),
    fc.tuple(fc.constant("rescheduleJobs" as const), ids, reschedule),
    fc.tuple(
      fc.constant("removeJob" as const),
      fc.integer({ min: 1, max: jobCount }).map((n) => `k${n}`),
    ),
    fc.tuple(
      fc.constant("forceUnlockWorkers" as const),
      fc.uniqueArray(fc.constantFrom(...workers, "w9"), { maxLength: 2 }),
    ),
    fc.tuple(fc.constant("cleanup" as const), fc.record({ tasks })),
  ),
  { minLength: 30, maxLength: 30 },
);

/**
 * A queue is locked with one of its jobs, and that for less than four hours: what ends an older lock
 * frees the queue with us alone.
 */
const fill = `
  with given as (
    select *, lock is not null and (
      queue is null or row_number() over (partition by queue, lock is null order by place) = 1
    ) as is_locked
    from rows from (json_to_recordset($1) as (
      task int, queue int, key boolean, attempts int, "maxAttempts" int, "runAt" int, lock jsonb
    )) with ordinality as job (task, queue, key, attempts, "maxAttempts", "runAt", lock, place)
  ), tasks as (
    insert into graphile_worker._private_tasks (id, identifier) overriding system value
    select n, 't' || n from generate_series(0, 4) as n
  ), queues as (
    insert into graphile_worker._private_job_queues (id, queue_name, locked_by, locked_at)
    overriding system value
    select n, 'q' || n, given.lock ->> 'worker', case when given.is_locked then now() end
    from generate_series(0, 4) as n
    left join given on given.queue = n and given.is_locked
  )
  insert into graphile_worker._private_jobs
    (id, task_id, job_queue_id, key, attempts, max_attempts, run_at, locked_by, locked_at)
  overriding system value
  select place, task, queue, case when key then 'k' || place end, attempts, "maxAttempts",
    date_trunc('day', now()) + "runAt" * interval '1 day',
    case when is_locked then lock ->> 'worker' end,
    case when is_locked then now() - interval '1 hour'
      * case when queue is null then (lock ->> 'hours')::int else least((lock ->> 'hours')::int, 3) end
    end
  from given`;

const content = `
  select json_build_object(
    'jobs', (
      select json_agg(row order by (row ->> 'id')::int) from (
        select to_jsonb(jobs) - 'created_at' - 'updated_at' - 'locked_at' - 'payload'
          || jsonb_build_object('is_locked', jobs.locked_at is not null) as row
        from graphile_worker._private_jobs as jobs
      ) as jobs
    ),
    'tasks', (select json_agg(identifier order by id) from graphile_worker._private_tasks),
    'queues', (
      select json_agg(array[queue_name, locked_by] order by id)
      from graphile_worker._private_job_queues
    )
  ) as content`;

test("any sequence of calls does what graphile-worker's own functions do", async () => {
  await fc.assert(
    fc.asyncProperty(jobs, calls, async (jobs, calls) => {
      for (const schema of [ours, peers]) {
        for (const table of ["_private_jobs", "_private_job_queues", "_private_tasks"]) {
          await sql(schema, `delete from graphile_worker.${table}`);
        }
        await sql(schema, fill, [JSON.stringify(jobs)]);
      }
      const printed = await runPeer(
        "worker-utils.js",
        database.connectionString,
        peers,
        JSON.stringify(calls),
      );
      const theirs = printed
        .trim()
        .split("\n")
        .map((line) => JSON.parse(line) as string[]);
      const our: string[][] = [];
      for (const each of calls) our.push(await call(each));
      expect(our).toEqual(theirs);
      expect(await sql(ours, content)).toEqual(await sql(peers, content));
    }),
    { numRuns: 8, interruptAfterTimeLimit: 40_000, markInterruptAsFailure: false },
  );
});
