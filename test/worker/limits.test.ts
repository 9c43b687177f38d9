import { setImmediate as turn } from "node:timers/promises";
import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import { runOnce, startWorker, type StartOptions, type TaskLimits } from "../../src/index.js";
import type { TestDatabase } from "../support/database.js";
import { addJob, addJobs, createQueue, Gate, handlersFor, listJobs, until } from "./support.js";

let database: TestDatabase;
beforeAll(async () => {
  database = await createQueue();
});
afterAll(() => database.drop());
afterEach(() => database.pool.query("delete from graphile_worker._private_jobs"));

/** How many jobs of a task are locked, those that wait to start included. */
async function countLocked(task: string): Promise<number> {
  const { rows } = await database.pool.query<{ count: number }>(
    `select count(*)::int as count from graphile_worker.jobs
    where task_identifier = $1 and locked_by is not null`,
    [task],
  );
  return rows[0]?.count ?? -1;
}

/** Starts workers of a limited task `mail`, whose handlers wait for the gate, and a quick task `note`. */
async function startWorkers(
  count: number,
  taskLimits: TaskLimits,
  options: Partial<StartOptions<undefined>> = {},
  work: () => Promise<unknown> = async () => {},
) {
  const gate = new Gate();
  const running = Array<number>(count).fill(0);
  const most = Array<number>(count).fill(0);
  const total = () => running.reduce((sum, one) => sum + one, 0);
  const seen = { mails: 0, notes: 0, claims: 0, mostRunning: 0 };
  const start = (index: number) =>
    startWorker({
      connectionString: database.connectionString,
      pollIntervalMs: 100,
      taskLimits,
      ...options,
      on: { "worker:getJob:start": () => void (seen.claims += 1) },
      handlers: handlersFor({
        mail: async () => {
          running[index] = (running[index] ?? 0) + 1;
          most[index] = Math.max(most[index] ?? 0, running[index]);
          seen.mostRunning = Math.max(seen.mostRunning, total());
          await gate.opened;
          await work();
          running[index] -= 1;
          seen.mails += 1;
        },
        note: () => void (seen.notes += 1),
      }),
    });
  const workers = await Promise.all(Array.from({ length: count }, (_, index) => start(index)));
  const stop = () => Promise.all(workers.map((worker) => worker.stop()));
  return { gate, most, seen, total, stop };
}

test("the fleet's limit is reached, and never passed, while other tasks flow on", async () => {
  const { pool } = database;
  await addJobs(pool, "mail", 60);
  await addJobs(pool, "mail", 20, { queue: "q%", queues: 20 });
  await addJobs(pool, "note", 60);
  const { gate, seen, total, stop } = await startWorkers(2, { mail: { fleet: 3 } });
  await addJobs(pool, "note", 40, { queue: "q%", queues: 40 });
  // Twenty of the queues have a mail first, which they wait for.
  await until(() => total() === 3 && seen.notes === 80);
  expect(await countLocked("mail")).toBe(3);
  gate.open();
  await until(async () => (await listJobs(pool)).length === 0);
  expect(seen).toMatchObject({ mails: 80, notes: 100, mostRunning: 3 });
  await stop();
});

test.each([
  { limit: { fleet: 3 }, most: 3 },
  { limit: { perWorker: 2 }, most: 4 },
  { limit: { fleet: 3, perWorker: 1 }, most: 2 },
])(
  "short jobs are claimed several for each place, and run one after another (%o)",
  async (wanted) => {
    const { pool } = database;
    const jobs = 900;
    const { gate, seen, stop } = await startWorkers(2, { mail: wanted.limit }, {}, () => turn());
    gate.open();
    await addJobs(pool, "mail", jobs);
    await until(() => seen.mails === jobs);
    expect(seen.mostRunning).toBe(wanted.most);
    // A claim for each job, which is what one job for each place comes to, would be three times as many.
    expect(seen.claims).toBeLessThan(jobs / 3);
    await until(async () => (await listJobs(pool)).length === 0);
    await stop();
  },
);

test("a place goes on while slow jobs hold the others, and runs what waited behind them", async () => {
  const { pool, connectionString } = database;
  const gate = new Gate();
  const seen = { quick: 0, slow: 0 };
  const worker = await startWorker({
    connectionString,
    pollIntervalMs: 600_000,
    bufferTimeoutMs: 100,
    taskLimits: { mail: { fleet: 3 } },
    handlers: handlersFor({
      mail: async (payload) => {
        const isSlow = (payload as { slow?: boolean }).slow === true;
        await (isSlow ? gate.opened : turn());
        seen[isSlow ? "slow" : "quick"] += 1;
      },
    }),
  });
  await addJobs(pool, "mail", 200);
  await until(() => seen.quick === 200);
  await pool.query(
    `select graphile_worker.add_job('mail', '{"slow": true}') from generate_series(1, 2)`,
  );
  await addJobs(pool, "mail", 400);
  await until(() => seen.quick === 600);
  expect(seen.slow).toBe(0);
  gate.open();
  await until(async () => (await listJobs(pool)).length === 0);
  await worker.stop();
});

test("a worker's limit is reached, and never passed, while other tasks flow on", async () => {
  const { pool } = database;
  await addJobs(pool, "mail", 60);
  await addJobs(pool, "note", 60);
  const { gate, most, seen, total, stop } = await startWorkers(2, { mail: { perWorker: 2 } });
  await until(() => total() === 4 && seen.notes === 60);
  expect(await countLocked("mail")).toBe(4);
  gate.open();
  await until(async () => (await listJobs(pool)).length === 0);
  expect(most).toEqual([2, 2]);
  expect(seen.mails).toBe(60);
  await stop();
});

test.each([{ fleet: 2 }, { perWorker: 2 }])(
  "jobs behind a limited task's backlog are claimed without waiting for a poll (%o)",
  async (mail) => {
    const { pool } = database;
    const { gate, seen, total, stop } = await startWorkers(
      1,
      { mail },
      { pollIntervalMs: 600_000, bufferSize: 0 },
    );
    await addJob(pool, "note");
    await until(async () => seen.notes === 1 && (await listJobs(pool)).length === 0);
    // One call, one notification.
    await pool.query(`
      select count(*) from graphile_worker.add_jobs(array(
        select (
          case when n <= 60 then 'mail' else 'note' end,
          '{}', case when n % 2 = 0 then 'q' || n end, now() + n * interval '1 ms' - interval '1 s',
          null, null, null, null
        )::graphile_worker.job_spec
        from generate_series(1, 100) as n
      ))`);
    await until(() => total() === 2 && seen.notes === 41);
    gate.open();
    await until(async () => (await listJobs(pool)).length === 0);
    await stop();
  },
);

test("a worker at its limit doesn't claim again and again", async () => {
  const { pool } = database;
  await addJobs(pool, "mail", 50);
  const pollIntervalMs = 100;
  const limits = { mail: { perWorker: 3, fleet: 2 } };
  const { gate, seen, total, stop } = await startWorkers(1, limits, { pollIntervalMs });
  await until(() => total() === 2);
  const { claims } = seen;
  const start = performance.now();
  for (let look = 0; look < 50; look++) await countLocked("mail");
  // Its polls, and the claim that saw that nothing else is there.
  const polls = Math.ceil((performance.now() - start) / (pollIntervalMs * 0.9));
  expect(seen.claims - claims).toBeLessThanOrEqual(polls + 1);
  gate.open();
  await until(async () => (await listJobs(pool)).length === 0);
  await stop();
});

test("a queue waits for its first job's limit: the order in it stays", async () => {
  const { pool, connectionString } = database;
  await addJob(pool, "mail");
  const { gate, total, stop } = await startWorkers(1, { mail: { fleet: 1 } });
  await until(() => total() === 1);
  await addJob(pool, "mail", { queue: "ada" });
  await addJob(pool, "other", { queue: "ada" });
  const ran: string[] = [];
  const handlers = handlersFor({
    mail: () => void ran.push("mail"),
    other: () => void ran.push("other"),
  });
  const drain = () => runOnce({ connectionString, handlers, taskLimits: { mail: { fleet: 1 } } });
  await drain();
  expect(ran).toEqual([]);
  gate.open();
  await stop();
  await drain();
  expect(ran.at(-1)).toBe("other");
  expect(await listJobs(pool)).toHaveLength(0);
});

test("limits that can't be meant are refused", async () => {
  const { connectionString } = database;
  const handlers = handlersFor({ send_email: () => {} });
  const start = (taskLimits: unknown) =>
    startWorker({ connectionString, handlers, taskLimits: taskLimits as TaskLimits });
  await expect(start({ send_emial: { fleet: 1 } })).rejects.toMatchObject({
    code: "TASK_UNKNOWN",
    message: expect.stringContaining(`Did you mean "send_email"?`),
  });
  await expect(start({ send_email: { flet: 1 } })).rejects.toMatchObject({
    code: "OPTION_UNKNOWN",
    details: { owner: "taskLimits.send_email", option: "flet" },
  });
  for (const limit of [{ fleet: 0 }, { fleet: 10_001 }, { perWorker: 1.5 }]) {
    await expect(start({ send_email: limit })).rejects.toMatchObject({ code: "OPTION_INVALID" });
  }
});
