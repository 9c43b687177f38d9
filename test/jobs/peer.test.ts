import { isDeepStrictEqual } from "node:util";
import * as fc from "fast-check";
import { Client } from "pg";
import { afterAll, beforeAll, expect, test } from "vitest";
import { sqlState } from "../../src/database/failure.js";
import { bindSchema } from "../../src/database/identifier.js";
import { migrate } from "../../src/migrate/index.js";
import { createDatabase, type TestDatabase } from "../support/database.js";
import { migratePeer } from "../support/peer.js";
import { commands, contentOrder, type Command } from "./commands.js";
import { plainTypes } from "../support/plain-types.js";

const ours = "ours";
const peers = "peers";

let database: TestDatabase;
let client: Client;
const heard: string[] = [];
beforeAll(async () => {
  database = await createDatabase();
  const { connectionString } = database;
  await Promise.all([
    migrate({ connectionString, schema: ours }),
    migratePeer(20, connectionString, peers),
  ]);
  client = new Client({ connectionString, types: plainTypes });
  await client.connect();
  client.on("notification", ({ payload = "" }) => heard.push(payload));
  await client.query('listen "jobs:insert"');
});
afterAll(async () => {
  await client.end();
  await database.drop();
});

test("any sequence of calls gives the answers, rows and notifications that graphile-worker gives", async () => {
  await fc.assert(
    fc.asyncProperty(commands, async (sequence) => {
      await client.query(`truncate ${ours}._private_jobs, ${peers}._private_jobs`);
      for (const command of sequence) {
        const our = await observe(ours, command);
        const their = await observe(peers, command);
        if (our.rows.some(isRunningBatch) && !isDeepStrictEqual(our, their)) {
          // A running batch whose key was given to a new job keeps its attempts with us alone.
          expect(withoutBatchAttempts(our)).toEqual(withoutBatchAttempts(their));
          return;
        }
        expect(our).toEqual(their);
      }
    }),
    { numRuns: 40 },
  );
});

/** All that a caller, a worker and a listener could see of one call. */
async function observe(schema: string, { text, values }: Command) {
  const answer = await client.query(bindSchema(text, schema), [...values]).then(
    ({ rows }) =>
      rows
        .map(withoutAccidents)
        .map((row) => JSON.stringify(row))
        .sort(),
    // Of two faults in one call either may be named.
    (error: unknown) => (sqlState(error) === undefined ? error : "refused"),
  );
  const { rows } = await client.query<Record<string, unknown>>(bindSchema(everything, schema));
  return { answer, rows, notified: heard.splice(0).map(countIn) };
}

type Observed = Awaited<ReturnType<typeof observe>>;

/** A batch that is locked and has no key, or has it no longer. */
function isRunningBatch({ key, is_free, payload }: Record<string, unknown>): boolean {
  return key === null && is_free === false && Array.isArray(payload);
}

function withoutBatchAttempts({ rows, ...rest }: Observed) {
  const texts = rows.map((row) =>
    JSON.stringify(isRunningBatch(row) ? { ...row, attempts: "not compared" } : row),
  );
  return { ...rest, rows: texts.sort() };
}

const everything = `
  select tasks.identifier, queues.queue_name, jobs.payload, jobs.payload::jsonb::text as text, jobs.priority,
    case when abs(extract(epoch from jobs.run_at - now())) < 600 then 'now' else jobs.run_at::text end as run_at,
    jobs.attempts, jobs.max_attempts, jobs.last_error, jobs.key, jobs.locked_at is null as is_free,
    jobs.locked_by, case when jobs.key is not null then jobs.revision end as revision, jobs.flags, jobs.is_available,
    jobs.updated_at > jobs.created_at as is_updated
  from graphile_worker._private_jobs as jobs
  left join graphile_worker._private_tasks as tasks on tasks.id = jobs.task_id
  left join graphile_worker._private_job_queues as queues on queues.id = jobs.job_queue_id
  order by ${contentOrder}`;

/**
 * Without times of day and numbers from sequences, which the peer uses up faster. Of revisions only
 * those of keyed jobs are compared: that a job lost its key to a new one is a revision with us alone.
 */
function withoutAccidents(row: Record<string, unknown>): Record<string, unknown> {
  const accidents = [
    "id",
    "task_id",
    "job_queue_id",
    "run_at",
    "created_at",
    "updated_at",
    "locked_at",
    ...(row["key"] === null ? ["revision"] : []),
  ];
  return Object.fromEntries(
    Object.entries(row).map(([column, value]) =>
      accidents.includes(column) ? [column, value === null] : [column, value],
    ),
  );
}

/** The random number makes each notification different; the count is what listeners read. */
function countIn(payload: string): unknown {
  const { r, count, ...rest } = JSON.parse(payload) as Record<string, unknown>;
  expect(r).toEqual(expect.any(Number));
  expect(rest).toEqual({});
  return count;
}
