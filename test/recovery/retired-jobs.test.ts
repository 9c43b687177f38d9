import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { removeJob, rescheduleJobs, retryJobs, startWorker } from "../../src/index.js";
import type { TestDatabase } from "../support/database.js";
import { addJob, createQueue, Gate, handlersFor, listJobs, until } from "../worker/support.js";
import {
  claim,
  registerDead,
  settle,
  sweepOnce,
  untilWaitingOrDone,
  withClient,
} from "./support.js";

// What a worker gives back must not run again when it was replaced, removed or failed meanwhile, and
// must run again otherwise. Neither the row nor the order of times tells: transactions begin when
// they like.

let database: TestDatabase;
beforeAll(async () => {
  database = await createQueue();
});
afterAll(() => database.drop());
beforeEach(() =>
  database.pool.query(
    `truncate graphile_worker._private_jobs, graphile_worker._private_job_queues,
      graphile_worker._private_workers, graphile_worker.taskwright_retired_jobs`,
  ),
);

type Job = Awaited<ReturnType<typeof claim>>[number];

const retirements = {
  "add_job replaced": "select graphile_worker.add_job('work', job_key => 'k')",
  "add_jobs replaced": `select graphile_worker.add_jobs(array[
    ('work', null, null, null, null, 'k', null, null)::graphile_worker.job_spec,
    ('work', null, null, null, null, 'other', null, null)::graphile_worker.job_spec])`,
  "preserve_run_at replaced":
    "select graphile_worker.add_job('work', job_key => 'k', job_key_mode => 'preserve_run_at')",
  "remove_job removed": "select graphile_worker.remove_job('k')",
};

const returns: Readonly<Record<string, (job: Job) => Promise<unknown>>> = {
  "its worker gives it back": (job) => settle(database.pool, "dead", job, "returned"),
  "a sweep gives it back": () => sweepOnce(database.pool),
  "a sweep's hook gives it a new time and attempts": () =>
    sweepOnce(database.pool, { hook: () => ({ runAt: new Date(), attempts: 0 }) }),
  "the crate's sweep gives it back": () =>
    database.pool.query("select graphile_worker.recover_dead_worker_jobs('{dead}')"),
};

const cases = Object.entries(retirements).flatMap(([how, sql]) =>
  Object.entries(returns).map(([by, giveBack]) => ({ how, sql, by, giveBack })),
);

async function runnable(id: string): Promise<boolean> {
  const { rows } = await database.pool.query<{ is_available: boolean }>(
    "select is_available from graphile_worker._private_jobs where id = $1 and locked_at is null",
    [id],
  );
  return rows[0]?.is_available ?? expect.fail("The job is gone or still held.");
}

async function isHeld(id: string): Promise<boolean> {
  const { rows } = await database.pool.query(
    "select from graphile_worker._private_jobs where id = $1 and locked_at is not null",
    [id],
  );
  return rows.length > 0;
}

async function claimOne(): Promise<Job> {
  await registerDead(database.pool, "dead");
  const [job] = await claim(database.pool, "dead");
  return job ?? expect.fail("Nothing was claimed.");
}

describe.each(cases)("a job that $how", ({ sql, by, giveBack }) => {
  test(`in a transaction older than its claim doesn't run again when ${by}`, () =>
    withClient(database.pool, async (client) => {
      await addJob(database.pool, "work", { key: "k" });
      await client.query("begin");
      await client.query("select 1");
      const job = await claimOne();
      await client.query(sql);
      await client.query("commit");
      await giveBack(job);
      expect(await runnable(job.id)).toBe(false);
    }));

  test(`doesn't run again when ${by} while the transaction is open`, () =>
    withClient(database.pool, async (client) => {
      await addJob(database.pool, "work", { key: "k" });
      await client.query("begin");
      await client.query("select 1");
      const job = await claimOne();
      await client.query(sql);
      const given = giveBack(job);
      await untilWaitingOrDone(database.pool, given);
      await client.query("commit");
      await given;
      // A sweep passes by a job whose row is locked; the next one finds it.
      if (await isHeld(job.id)) await giveBack(job);
      expect(await runnable(job.id)).toBe(false);
    }));

  test(`in a transaction that was rolled back runs again when ${by}`, () =>
    withClient(database.pool, async (client) => {
      await addJob(database.pool, "work", { key: "k", maxAttempts: 1 });
      const job = await claimOne();
      await client.query("begin");
      await client.query(sql);
      const given = giveBack(job);
      await untilWaitingOrDone(database.pool, given);
      await client.query("rollback");
      await given;
      // A sweep passes by a job whose row is locked; the next one finds it.
      if (await isHeld(job.id)) await giveBack(job);
      expect(await runnable(job.id)).toBe(true);
    }));
});

test.each(Object.entries(returns))(
  "a job on its last attempt that was added after its claim began runs again when %s",
  (_by, giveBack) =>
    withClient(database.pool, async (client) => {
      await registerDead(database.pool, "dead");
      await client.query("begin");
      await client.query("select 1");
      await addJob(database.pool, "work", { maxAttempts: 1, runAt: new Date(0) });
      const [claimed] = await claim(client, "dead");
      const job = claimed ?? expect.fail("It was to be claimed.");
      await client.query("commit");
      await giveBack(job);
      expect(await runnable(job.id)).toBe(true);
    }),
);

test.each([
  ["a list by what is no list", "[1]", "{}", false],
  ["what is no list by a list", "{}", "[1]", false],
  ["a list by a list, which doesn't have its items,", "[1]", "[2]", true],
])("after replacing %s the old job is given back: %s by %s, %s", async (_how, old, its, isKept) => {
  const { pool } = database;
  await addJob(pool, "work", { key: "k", maxAttempts: 1, payload: JSON.parse(old) });
  const job = await claimOne();
  await addJob(pool, "work", { key: "k", payload: JSON.parse(its) });
  await sweepOnce(pool);
  expect(await runnable(job.id)).toBe(isKept);
  expect(await listJobs(pool)).toMatchObject([{ key: null }, { key: "k" }]);
});

test("a job that was failed by hand while it was held for hours stays failed when it is given back", async () => {
  await addJob(database.pool, "work");
  const { id } = await claimOne();
  const { rows } = await database.pool.query<{ locked_at: string }>(
    `update graphile_worker._private_jobs set locked_at = now() - interval '5 hours'
     returning locked_at::text`,
  );
  await database.pool.query("select graphile_worker.permanently_fail_jobs(array[$1::bigint])", [
    id,
  ]);
  await settle(database.pool, "dead", { id, locked_at: rows[0]?.locked_at ?? "" }, "returned");
  expect(await runnable(id)).toBe(false);
});

test("a job that was failed and then rescheduled while it was held for hours runs again", async () => {
  await addJob(database.pool, "work", { key: "k" });
  const { id } = await claimOne();
  await database.pool.query(
    "update graphile_worker._private_jobs set locked_at = now() - interval '5 hours'",
  );
  await database.pool.query("select graphile_worker.permanently_fail_jobs(array[$1::bigint])", [
    id,
  ]);
  await rescheduleJobs(database.pool, [id], { runAt: new Date() });
  await sweepOnce(database.pool);
  expect(await runnable(id)).toBe(true);
});

test.each([
  ["retried", (id: string) => retryJobs(database.pool, [id])],
  [
    "rescheduled",
    (id: string) => rescheduleJobs(database.pool, [id], { attempts: 0, runAt: new Date() }),
  ],
  [
    "rescheduled by a peer",
    () => database.pool.query("update graphile_worker._private_jobs set attempts = 0"),
  ],
])("a retired job that was %s is given back like any other", async (_how, revive) => {
  await addJob(database.pool, "work", { key: "k", maxAttempts: 1 });
  const job = await claimOne();
  await removeJob(database.pool, "k");
  await settle(database.pool, "dead", job, "returned");
  await revive(job.id);
  const [again] = await claim(database.pool, "dead");
  await settle(database.pool, "dead", again ?? expect.fail("It was to be claimed."), "returned");
  expect(await runnable(job.id)).toBe(true);
});

test("markers of jobs that ended don't pile up", async () => {
  const { pool } = database;
  await addJob(pool, "work", { key: "k" });
  for (let n = 0; n < 60; n++) {
    const [job] = await claim(pool, "me");
    await addJob(pool, "work", { key: "k" });
    await settle(pool, "me", job ?? expect.fail("It was to be claimed."), "completed");
  }
  const { rows } = await pool.query("select from graphile_worker.taskwright_retired_jobs");
  expect(rows.length).toBeLessThan(5);
});

test.each([
  ["replaced", retirements["add_job replaced"], [1, 2]],
  ["removed", retirements["remove_job removed"], [1]],
] as const)(
  "a worker that stops doesn't give back what was %s in a transaction older than the claim",
  (_how, sql, ran) =>
    withClient(database.pool, async (client) => {
      const { pool } = database;
      const started: unknown[] = [];
      const begun = new Gate();
      const handlers = handlersFor({
        work: (payload, { signal }) => {
          started.push(payload["n"] ?? 2);
          begun.open();
          if (started.length > 1) return;
          return new Promise<void>((_, reject) => {
            signal.addEventListener("abort", () => reject(signal.reason as Error));
          });
        },
      });
      await client.query("begin");
      await client.query("select 1");
      await addJob(pool, "work", { key: "k", payload: { n: 1 } });
      const first = await startWorker({ pool, handlers, concurrency: 1 });
      await begun.opened;
      await client.query(sql);
      await client.query("commit");
      await first.stop({ force: true });
      await using _second = await startWorker({ pool, handlers });
      await until(async () => (await listJobs(pool)).every(({ attempts }) => attempts === 25));
      expect(started).toEqual(ran);
    }),
);

test("a transaction that retires a job holds up nobody who retires another", () =>
  withClient(database.pool, async (client) => {
    const { pool } = database;
    for (const key of ["a", "b"]) await addJob(pool, "work", { key });
    const [a, b] = await claim(pool, "me");
    await pool.query(
      "update graphile_worker._private_jobs set locked_at = now() - interval '5 hours'",
    );
    const fail = "select graphile_worker.permanently_fail_jobs(array[$1::bigint])";
    await pool.query(fail, [a?.id]);
    await client.query("begin");
    await client.query(fail, [b?.id]);
    await pool.query(fail, [a?.id]);
    await client.query("commit");
    const { rows } = await pool.query("select from graphile_worker.taskwright_retired_jobs");
    expect(rows).toHaveLength(2);
  }));
