import { setTimeout as delay } from "node:timers/promises";
import { Pool } from "pg";
import { bindQueries } from "../../src/database/queries.js";
import { Database } from "../../src/database/database.js";
import { migrate } from "taskwright";
import type { Contender } from "../role.js";

const batch = 500;

/** The worker's own statements in a bare loop, with nothing around them: the ceiling. */
export const runBare: Contender = async ({ connectionString }, onJob) => {
  await migrate({ connectionString });
  const pool = new Pool({ connectionString });
  const db = new Database({ pool });
  const queries = bindQueries({ schema: "graphile_worker", preparedStatements: true });
  const workerId = "bare";
  await queries.addTasks(db, { identifiers: ["noop"] });
  const tasks = await queries.findTasks(db, { identifiers: ["noop"] });
  const taskIds = tasks.map(({ id }) => id);
  const stop = new AbortController();

  const run = async () => {
    let settling: Promise<unknown> = Promise.resolve();
    while (!stop.signal.aborted) {
      const rows = await queries.claimJobs(db, {
        workerId,
        taskIds,
        forbiddenFlags: [],
        maxJobs: batch,
        afterQueue: 0,
      });
      const jobs = rows.flatMap(({ id, ...job }) => (id === null ? [] : { id, ...job }));
      for (const job of jobs) onJob(JSON.parse(job.payload));
      // The next claim goes out while this batch is settled, unless it needs the freed queues.
      const settle = queries.settleJobs(db, {
        workerId,
        locks: [...new Set(jobs.map(({ lockedAt }) => lockedAt))],
        completedIds: jobs.map(({ id }) => id),
        failedIds: [],
        failedMessages: [],
        failedPayloads: [],
        failedRetries: [],
        returnedIds: [],
        returnedPayloads: [],
      });
      await settling;
      settling = settle;
      if (jobs.length < batch) await settling;
      if (jobs.length === 0) await delay(5);
    }
    await settling;
  };
  const running = run();
  return {
    stop: async () => {
      stop.abort();
      await running;
      await pool.end();
    },
  };
};
