import path from "node:path";
import { pathToFileURL } from "node:url";
import * as fc from "fast-check";
import { Client } from "pg";
import { afterAll, beforeAll, expect, test } from "vitest";
import { bindQueries } from "../../src/database/queries.js";
import { migrate } from "../../src/migrate/index.js";
import { createDatabase, type TestDatabase } from "../support/database.js";
import { migratePeer, peerFolder } from "../support/peer.js";
import { plainTypes } from "../support/plain-types.js";

const ours = "ours";
const peers = "peers";
const queries = bindQueries({ schema: ours, preparedStatements: false });

type Run = (use: (client: Client) => Promise<unknown>) => Promise<unknown>;
type PeerJob = { readonly id: string; readonly job_queue_id: number | null };
/** graphile-worker's own statements, which it keeps in its code. */
type PeerSettle = (
  options: object,
  run: Run,
  worker: string,
  jobs: readonly object[],
) => Promise<void>;

async function peerStatement(file: string, name: string): Promise<PeerSettle> {
  const url = pathToFileURL(
    path.join(peerFolder, "node_modules/graphile-worker/dist/sql", `${file}.js`),
  );
  const module = (await import(url.href)) as Record<string, PeerSettle>;
  const statement = module[name];
  if (statement === undefined) throw new Error(`The peer has no ${name}.`);
  return statement;
}

const peerOptions = {
  escapedWorkerSchema: peers,
  workerSchema: peers,
  resolvedPreset: { worker: { preparedStatements: false } },
};

let database: TestDatabase;
let client: Client;
let peerSettle: Readonly<Record<Outcome, PeerSettle>>;
beforeAll(async () => {
  database = await createDatabase();
  const { connectionString } = database;
  await Promise.all([
    migrate({ connectionString, schema: ours }),
    migratePeer(20, connectionString, peers),
  ]);
  client = new Client({ connectionString, types: plainTypes });
  await client.connect();
  peerSettle = {
    completed: await peerStatement("completeJobs", "batchCompleteJobs"),
    failed: await peerStatement("failJobs", "batchFailJobs"),
    returned: await peerStatement("returnJobs", "returnJobs"),
  };
});
afterAll(async () => {
  await client.end();
  await database.drop();
});

const outcomes = ["completed", "failed", "returned"] as const;
type Outcome = (typeof outcomes)[number];

/** A job as a claim left it. */
const job = fc.record({
  queue: fc.constantFrom(null, "q1", "q2", "q3"),
  attempts: fc.integer({ min: 1, max: 12 }),
  maxAttempts: fc.integer({ min: 1, max: 12 }),
  /** Seconds from now. */
  runIn: fc.constantFrom(-86_400, -1, 0, 60, 86_400),
  payload: fc.constantFrom("{}", '{"n":1}', "[1,2]", "null"),
  worker: fc.constantFrom("w1", "w2"),
  outcome: fc.constantFrom(...outcomes),
});
/** One job of a queue at most is claimed. */
const jobs = fc.uniqueArray(job, {
  minLength: 1,
  maxLength: 8,
  comparator: (a, b) => a.queue !== null && a.queue === b.queue,
});

async function add(schema: string, given: object): Promise<void> {
  await client.query(
    `insert into ${schema}._private_tasks (identifier) values ('task') on conflict do nothing`,
  );
  await client.query(
    `insert into ${schema}._private_job_queues (queue_name)
    select queue from json_to_recordset($1) as job (queue text) where queue is not null
    on conflict do nothing`,
    [JSON.stringify(given)],
  );
  await client.query(
    `insert into ${schema}._private_jobs
      (task_id, job_queue_id, attempts, max_attempts, run_at, payload, locked_by, locked_at)
    select
      (select id from ${schema}._private_tasks),
      (select id from ${schema}._private_job_queues where queue_name = queue),
      attempts, max_attempts, now() + interval '1 second' * run_in, payload::json, worker, now()
    from json_to_recordset($1) as job (
      queue text, attempts int, max_attempts int, run_in int, payload text, worker text
    )`,
    [JSON.stringify(given)],
  );
  await client.query(
    `update ${schema}._private_job_queues as queues
    set locked_by = jobs.locked_by, locked_at = now()
    from ${schema}._private_jobs as jobs where jobs.job_queue_id = queues.id`,
  );
}

async function read(schema: string) {
  const { rows } = await client.query(
    `select queue_name, attempts, max_attempts, run_at, payload::text, last_error, jobs.locked_by,
      jobs.locked_at is null as is_free, queues.locked_by as queue_holder, jobs.is_available
    from ${schema}._private_jobs as jobs
    full join ${schema}._private_job_queues as queues on queues.id = jobs.job_queue_id
    order by jobs.id, queue_name`,
  );
  return rows;
}

const idsOf = async (schema: string): Promise<PeerJob[]> =>
  (await client.query<PeerJob>(`select id, job_queue_id from ${schema}._private_jobs order by id`))
    .rows;

test("what a worker settles leaves the rows that graphile-worker's statements leave", async () => {
  await fc.assert(
    fc.asyncProperty(jobs, async (given) => {
      // One transaction, so that both have the same time.
      await client.query("begin");
      try {
        const rows = given.map(({ maxAttempts, runIn, ...rest }) => ({
          ...rest,
          max_attempts: maxAttempts,
          run_in: runIn,
        }));
        for (const schema of [ours, peers]) {
          await add(schema, rows);
        }
        expect(await read(ours)).toEqual(await read(peers));
        const [our, their] = [await idsOf(ours), await idsOf(peers)];
        for (const worker of ["w1", "w2"]) {
          const chosen = (all: readonly PeerJob[], outcome: Outcome) =>
            all.filter((_, n) => given[n]?.worker === worker && given[n]?.outcome === outcome);
          await settleOurs(worker, (outcome) => chosen(our, outcome).map(({ id }) => id));
          for (const outcome of outcomes) {
            const settled = chosen(their, outcome).map((row) =>
              outcome === "failed"
                ? { job: row, message: "no", replacementPayload: undefined }
                : row,
            );
            if (settled.length === 0) continue;
            await peerSettle[outcome](peerOptions, (use) => use(client), worker, settled);
          }
          expect(await read(ours)).toEqual(await read(peers));
        }
      } finally {
        await client.query("rollback");
      }
    }),
    { numRuns: 60 },
  );
});

async function settleOurs(worker: string, idsBy: (outcome: Outcome) => string[]): Promise<void> {
  const { rows } = await client.query<{ lock: string }>(
    `select distinct locked_at::text as lock from ${ours}._private_jobs where locked_at is not null`,
  );
  const failedIds = idsBy("failed");
  const returnedIds = idsBy("returned");
  const lost = await queries.settleJobs(client, {
    workerId: worker,
    locks: rows.map(({ lock }) => lock),
    completedIds: idsBy("completed"),
    failedIds,
    failedMessages: failedIds.map(() => "no"),
    failedPayloads: failedIds.map(() => ""),
    failedRetries: failedIds.map(() => ""),
    returnedIds,
    returnedPayloads: returnedIds.map(() => ""),
  });
  expect(lost).toEqual([]);
}
