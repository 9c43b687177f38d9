import { expect } from "vitest";
import * as taskwright from "../../src/index.js";
import { enqueue, enqueueMany, grantRole } from "../../src/index.js";
import { defineTask } from "../../src/tasks/task.js";
import type { TestDatabase } from "../support/database.js";
import type { TestRole } from "../support/roles.js";

/** A schema whose name needs quoting. */
export const schema = 'odd "schema"';
export const quoted = '"odd ""schema"""';

export const work = defineTask({ identifier: "work", schema, validator: () => true });
const other = defineTask({ identifier: "other", schema, validator: () => true });

/** A failed, an unqueued, a queued and a keyed job, whose ids are the answer. */
export async function addJobs({ pool }: TestDatabase): Promise<string[]> {
  await pool.query(`delete from ${quoted}._private_jobs`);
  const jobs = await enqueueMany(pool, work, [
    { payload: {}, spec: { maxAttempts: 1 } },
    { payload: {}, spec: {} },
    { payload: {}, spec: { queueName: "queue" } },
    { payload: {}, spec: { jobKey: "key" } },
  ]);
  await pool.query(
    `update ${quoted}._private_jobs set attempts = max_attempts, last_error = 'x' where id = $1`,
    [jobs[0]?.id],
  );
  return jobs.map(({ id }) => id);
}

/** Who tries something, and the ids of `addJobs`. */
export interface Attempt {
  readonly database: TestDatabase;
  readonly role: TestRole;
  readonly ids: readonly string[];
}

type Action = (attempt: Attempt) => Promise<unknown>;

export const runOnce: Action = ({ role: { connectionString } }) =>
  taskwright.runOnce({
    connectionString,
    schema,
    handlers: taskwright.bindHandlers({ work }, { work: () => {} }),
  });

const startAndStop: Action = async ({ role: { connectionString } }) => {
  const worker = await taskwright.startWorker({
    connectionString,
    schema,
    handlers: taskwright.bindHandlers({ work }, { work: () => {} }),
    crontab: "* * * * * work",
  });
  await worker.stop();
};

/** What may be done with a queue, and by roles of which kinds. */
export const actions: Readonly<Record<string, readonly [allowed: string, action: Action]>> = {
  "add a job": ["producer worker", ({ role }) => enqueue(role.pool, work, {})],
  "add to a new queue": [
    "producer worker",
    ({ role }) => enqueue(role.pool, work, {}, { queueName: `q ${Math.random()}` }),
  ],
  "replace a job": [
    "producer worker",
    ({ role }) => enqueue(role.pool, other, { new: true }, { jobKey: "key", queueName: "queue" }),
  ],
  "keep a job's time": [
    "producer worker",
    ({ role }) => enqueue(role.pool, work, {}, { jobKey: "key", jobKeyMode: "preserve_run_at" }),
  ],
  "deduplicate a job": [
    "producer worker",
    ({ role }) => enqueue(role.pool, work, {}, { jobKey: "key", jobKeyMode: "unsafe_dedupe" }),
  ],
  "replace a running job": [
    "producer worker",
    async ({ role, database }) => {
      await database.pool.query(
        `update ${quoted}._private_jobs set locked_at = now(), locked_by = 'w', attempts = 1 where key = 'key'`,
      );
      await enqueue(role.pool, work, {}, { jobKey: "key" });
    },
  ],
  "add many with keys": [
    "producer worker",
    ({ role }) =>
      enqueueMany(role.pool, work, [
        { payload: {}, spec: { jobKey: "key" } },
        { payload: {}, spec: { jobKey: `new ${Math.random()}` } },
        { payload: {} },
      ]),
  ],
  "add in SQL": [
    "producer worker",
    ({ role }) => role.pool.query(`select ${quoted}.add_job('work', job_key => 'key')`),
  ],
  "run once": ["worker", runOnce],
  "start a worker": ["worker", startAndStop],
  "claim in SQL": [
    "worker",
    ({ role }) =>
      role.pool.query(
        `select * from ${quoted}.taskwright_claim_jobs('w', array(select id from ${quoted}._private_tasks), '{}', 5, 0)`,
      ),
  ],
  "list jobs": [
    "reader operator worker",
    async ({ role, ids }) => {
      const { jobs } = await taskwright.listJobs(role.pool, { schema });
      expect(jobs.map(({ id }) => id)).toEqual(expect.arrayContaining([...ids]));
    },
  ],
  "get a job": [
    "reader operator worker",
    async ({ role, ids }) => {
      expect(await taskwright.getJob(role.pool, ids[1] ?? "", { schema })).toBeDefined();
    },
  ],
  "count jobs": [
    "reader operator worker",
    async ({ role }) => {
      expect(await taskwright.getStats(role.pool, { schema })).toMatchObject({ total: 4 });
    },
  ],
  "measure rates": [
    "reader operator",
    ({ role }) => taskwright.getStats(role.pool, { schema, ratesOverMs: 1 }),
  ],
  "list queues": [
    "reader operator worker",
    async ({ role }) => {
      const { queues } = await taskwright.listQueues(role.pool, { schema });
      expect(queues.map(({ name }) => name)).toContain("queue");
    },
  ],
  "list workers": [
    "reader operator worker",
    ({ role }) => taskwright.listWorkers(role.pool, { schema }),
  ],
  "list pauses": [
    "reader operator worker",
    ({ role }) => taskwright.listPauses(role.pool, { schema }),
  ],
  "list schedules": [
    "reader operator worker",
    ({ role }) => taskwright.listCronEntries(role.pool, { schema }),
  ],
  "read the view": [
    "reader operator worker",
    async ({ role }) => {
      const { rows } = await role.pool.query(`select from ${quoted}.jobs`);
      expect(rows).toHaveLength(4);
    },
  ],
  "complete jobs": [
    "operator worker",
    async ({ role, ids }) => {
      const { jobs } = await taskwright.completeJobs(role.pool, ids, { schema });
      expect(jobs).toHaveLength(4);
    },
  ],
  "fail jobs": [
    "operator worker",
    ({ role, ids }) => taskwright.permanentlyFailJobs(role.pool, ids, "by hand", { schema }),
  ],
  "reschedule jobs": [
    "operator worker",
    ({ role, ids }) => taskwright.rescheduleJobs(role.pool, ids, { runAt: new Date(), schema }),
  ],
  "retry jobs": [
    "operator worker",
    ({ role, ids }) => taskwright.retryJobs(role.pool, ids, { schema }),
  ],
  "run jobs now": [
    "operator worker",
    ({ role, ids }) => taskwright.runJobsNow(role.pool, ids, { schema }),
  ],
  "remove a job": [
    "operator worker",
    async ({ role }) => {
      expect(await taskwright.removeJob(role.pool, "key", { schema })).toBeDefined();
    },
  ],
  "pause and resume": [
    "operator",
    async ({ role }) => {
      await taskwright.pauseTask(role.pool, "work", { schema });
      await taskwright.resumeTask(role.pool, "work", { schema });
    },
  ],
  "clean up": [
    "operator",
    ({ role }) =>
      taskwright.cleanup(role.pool, {
        schema,
        tasks: ["DELETE_PERMAFAILED_JOBS", "GC_TASK_IDENTIFIERS", "GC_JOB_QUEUES"],
      }),
  ],
  sweep: [
    "operator worker",
    async ({ role, database }) => {
      await database.pool.query(
        `insert into ${quoted}._private_workers (id, last_heartbeat_at) values ('dead', 'epoch')
        on conflict do nothing`,
      );
      await database.pool.query(
        `update ${quoted}._private_jobs set locked_by = 'dead', locked_at = now(), attempts = 1 where key = 'key'`,
      );
      const swept = await taskwright.sweep(role.pool, { schema });
      expect(swept.deadWorkerIds).toContain("dead");
      const { rows } = await database.pool.query(
        `select locked_by from ${quoted}._private_jobs where key = 'key'`,
      );
      expect(rows).toEqual([{ locked_by: null }]);
    },
  ],
  "unlock a worker": [
    "operator worker",
    ({ role }) => taskwright.forceUnlockWorkers(role.pool, ["w"], { schema }),
  ],
  "change a job without a key in SQL": [
    "operator worker",
    async ({ role, ids }) => {
      const { rowCount } = await role.pool.query(
        `update ${quoted}._private_jobs set priority = 7 where id = ${ids[1]}`,
      );
      expect(rowCount).toBe(1);
    },
  ],
  "read the payload of a job without a key in SQL": [
    "reader operator worker",
    async ({ role, ids }) => {
      const { rows } = await role.pool.query(
        `select payload from ${quoted}._private_jobs where id = ${ids[1]}`,
      );
      expect(rows).toHaveLength(1);
    },
  ],
  "lock a job in SQL": [
    "operator worker",
    ({ role }) => role.pool.query(`update ${quoted}._private_jobs set locked_by = 'me'`),
  ],
  "rename a task in SQL": [
    "operator",
    async ({ role }) => {
      const client = await role.pool.connect();
      try {
        await client.query(
          `begin; update ${quoted}._private_tasks set identifier = identifier || 'x'`,
        );
      } finally {
        await client.query("rollback");
        client.release();
      }
    },
  ],
  uninstall: [
    "",
    ({ role }) => taskwright.uninstall({ connectionString: role.connectionString, schema }),
  ],
  "grant rights": [
    "",
    ({ role }) => grantRole({ pool: role.pool, schema, role: role.name, as: "operator" }),
  ],
};
