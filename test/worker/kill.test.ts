import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import { runOnce } from "../../src/index.js";
import type { TestDatabase } from "../support/database.js";
import { TestProcess } from "../support/process.js";
import { addJob, countLocks, createQueue, handlersFor, listJobs, until } from "./support.js";

let database: TestDatabase;
beforeAll(async () => {
  database = await createQueue();
  await database.pool.query("create table effects (job_id text)");
});
afterAll(() => database.drop());
beforeEach(async () => {
  await database.pool.query("delete from graphile_worker._private_jobs");
  await database.pool.query("delete from effects");
});

async function effects(): Promise<string[]> {
  const { rows } = await database.pool.query<{ job_id: string }>("select job_id from effects");
  return rows.map(({ job_id: id }) => id);
}

/** The server rolls a dead process's transaction back as soon as it sees the closed socket. */
async function untilRolledBack(): Promise<void> {
  await until(async () => {
    const { rowCount } = await database.pool.query(
      `select from pg_stat_activity where datname = current_database() and state like 'idle in%'`,
    );
    return rowCount === 0;
  });
}

const queues: readonly (string | undefined)[] = [undefined, "q"];
const steps = ["handler", "transaction", "written", "completed", "committed", "settled"] as const;
const cases = steps.flatMap((step) => queues.map((queue) => [step, queue] as const));

test.each(cases)("killed at step %s (queue %s), the effect happens once", async (step, queue) => {
  const { pool, connectionString } = database;
  const id = await addJob(pool, "pay", queue === undefined ? {} : { queue });
  const process = TestProcess.startScript("test/worker/effect-process.ts", connectionString, step);
  await process.printed(step);
  const isDone = step === "committed" || step === "settled";
  expect(await effects()).toEqual(isDone ? [id] : []);
  await process.end();
  await untilRolledBack();
  const left = await listJobs(pool);
  expect(left).toHaveLength(isDone ? 0 : 1);
  const holders = left.map(({ locked_by: holder }) => holder);
  await pool.query("select graphile_worker.force_unlock_workers($1)", [holders]);

  const handlers = handlersFor({
    pay: (_, ctx) =>
      ctx.withTransaction(async (tx) => {
        await tx.query("insert into effects values ($1)", [ctx.job.id]);
        await ctx.completeIn(tx);
      }),
  });
  await runOnce({ connectionString, handlers });
  expect(await effects()).toEqual([id]);
  expect(await listJobs(pool)).toEqual([]);
  expect(await countLocks(pool)).toBe(0);
});
