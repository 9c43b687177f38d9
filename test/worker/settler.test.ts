import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import { Database } from "../../src/database/database.js";
import type { StatementExecutor } from "../../src/database/executor.js";
import { bindQueries } from "../../src/database/queries.js";
import { WorkerEvents } from "../../src/events.js";
import { ClaimedJob, type ClaimedRow } from "../../src/worker/claimed-job.js";
import { completed, type Outcome } from "../../src/worker/outcome.js";
import { Settler } from "../../src/worker/settler.js";
import type { TestDatabase } from "../support/database.js";
import { eventually } from "../support/wait.js";
import { addJobs, countLocks, createQueue, Gate, listJobs } from "./support.js";

const queries = bindQueries({ schema: "graphile_worker", preparedStatements: true });
const failed: Outcome = { kind: "failed", error: new Error("no") };
let database: TestDatabase;
let db: Database;
beforeAll(async () => {
  database = await createQueue();
  db = new Database({ pool: database.pool });
});
afterAll(() => database.drop());
beforeEach(() => database.pool.query("delete from graphile_worker._private_jobs"));

/** Adds jobs and claims them. */
async function claim(count: number): Promise<ClaimedJob[]> {
  await addJobs(database.pool, "task", count);
  const tasks = await queries.findTasks(db, { identifiers: ["task"] });
  const rows = await queries.claimJobs(db, {
    workerId: "me",
    taskIds: tasks.map(({ id }) => id),
    forbiddenFlags: [],
    maxJobs: count,
    afterQueue: 0,
  });
  return rows.map((row) => new ClaimedJob(row as ClaimedRow, "task", "me"));
}

interface Started {
  readonly settler: Settler;
  readonly told: string[];
  readonly groups: number[];
}

/** A settler on an executor that may do what it likes with each statement. */
function start(
  around: (run: () => Promise<unknown>) => Promise<unknown> = (run) => run(),
  isRegistered = false,
): Started {
  const told: string[] = [];
  const groups: number[] = [];
  const events = new WorkerEvents("me", () => {});
  for (const name of ["job:complete", "job:lost"] as const) {
    events.on(name, ({ job }) => told.push(`${name} ${job.id}`));
  }
  events.on("settle:error", () => told.push("settle:error"));
  events.on("pool:fatalError", ({ jobs }) => {
    for (const { id } of jobs) told.push(`pool:fatalError ${id}`);
  });
  const executor: StatementExecutor = {
    query: (text, values) => around(() => db.query(text, values)) as ReturnType<Database["query"]>,
    execute: (statement) => around(() => db.execute(statement)) as ReturnType<Database["execute"]>,
  };
  const settler = new Settler({
    queries,
    db: executor,
    workerId: "me",
    events,
    isRegistered,
    onSettled: (settled) => groups.push(settled.length),
  });
  settler.start();
  return { settler, told, groups };
}

test("what ends together is written together; what ends meanwhile goes out in the next statement", async () => {
  const jobs = await claim(60);
  const gate = new Gate();
  let statements = 0;
  const { settler, groups } = start(async (run) => {
    statements += 1;
    if (statements === 1) await gate.opened;
    return run();
  });
  for (const job of jobs.slice(0, 10)) settler.settle({ job, outcome: completed });
  await eventually(() => statements === 1);
  for (const job of jobs.slice(10)) {
    settler.settle({ job, outcome: failed });
    await Promise.resolve();
  }
  gate.open();
  await settler.stop();
  expect(groups).toEqual([10, 50]);
  expect(statements).toBe(2);
  expect(await listJobs(database.pool)).toHaveLength(50);
  expect(await countLocks(database.pool)).toBe(0);
});

test("a settle that fails is tried again until it has happened", async () => {
  const jobs = await claim(3);
  let statements = 0;
  const { settler, told } = start(async (run) => {
    statements += 1;
    if (statements <= 2) throw Object.assign(new Error("gone"), { code: "ECONNREFUSED" });
    return run();
  });
  for (const job of jobs) settler.settle({ job, outcome: completed });
  expect(settler.backlog).toBe(3);
  await eventually(() => settler.backlog === 0);
  await settler.stop();
  const completes = jobs.map(({ id }) => `job:complete ${id}`);
  expect(told).toEqual(["settle:error", "settle:error", ...completes]);
  expect(await listJobs(database.pool)).toEqual([]);
});

test("a settle whose answer was lost is tried again, and does nothing twice", async () => {
  const [first, second] = await claim(2);
  let statements = 0;
  const { settler, told } = start(async (run) => {
    const answer = await run();
    statements += 1;
    if (statements === 1) throw Object.assign(new Error("cut off"), { code: "ECONNRESET" });
    return answer;
  });
  if (first === undefined || second === undefined) throw new Error("Two jobs were added.");
  settler.settle({ job: first, outcome: completed });
  settler.settle({ job: second, outcome: failed });
  await settler.stop();
  expect(told).toEqual(["settle:error", `job:complete ${first.id}`, `job:complete ${second.id}`]);
  expect(await listJobs(database.pool)).toMatchObject([{ id: second.id, attempts: 1 }]);
});

test("one that gives up says which jobs stay locked", async () => {
  const jobs = await claim(2);
  const left: string[] = [];
  const events = new WorkerEvents("me", () => {});
  events.on("pool:fatalError", (event) => left.push(...event.jobs.map(({ id }) => id)));
  const settler = new Settler({
    queries,
    db: { query: () => Promise.reject(new Error("never")) },
    workerId: "me",
    events,
    onSettled: () => {},
  });
  settler.start();
  for (const job of jobs) settler.settle({ job, outcome: completed });
  settler.giveUp();
  await settler.stop();
  expect(left).toEqual(jobs.map(({ id }) => id));
  expect(await countLocks(database.pool)).toBe(2);
});

test("a job that another transaction has locked holds up no other, and is settled once it is free", async () => {
  const jobs = await claim(20);
  const [blocked] = jobs;
  const client = await database.pool.connect();
  await client.query("begin");
  await client.query("select from graphile_worker._private_jobs where id = $1 for update", [
    blocked?.id,
  ]);
  const { settler, told } = start();
  for (const job of jobs) settler.settle({ job, outcome: completed });
  await eventually(async () => (await listJobs(database.pool)).length === 1);
  expect(settler.backlog).toBe(1);
  expect(settler.isFailing).toBe(false);
  // Nor does it hold up what comes later.
  const [later] = await claim(1);
  if (later !== undefined) settler.settle({ job: later, outcome: completed });
  await eventually(async () => (await listJobs(database.pool)).length === 1);
  const stopping = settler.stop();
  await client.query("rollback");
  client.release();
  await stopping;
  expect(await listJobs(database.pool)).toEqual([]);
  expect(told.filter((event) => event === `job:complete ${blocked?.id}`)).toHaveLength(1);
  expect(settler.backlog).toBe(0);
});

test("one that gives up says that a locked job stays", async () => {
  const [job] = await claim(1);
  const client = await database.pool.connect();
  await client.query("begin; select from graphile_worker._private_jobs for update");
  const { settler, told } = start();
  if (job !== undefined) settler.settle({ job, outcome: completed });
  await eventually(() => told.includes("settle:error"));
  const stopping = settler.stop();
  settler.giveUp();
  await stopping;
  await client.query("rollback");
  client.release();
  expect(told).toContain(`pool:fatalError ${job?.id}`);
});

test("one that gives up while it looks for locks waits for none of them", async () => {
  const jobs = await claim(2);
  const client = await database.pool.connect();
  await client.query("begin; select from graphile_worker._private_jobs for update");
  const gate = new Gate();
  let sent = 0;
  // Each job takes one statement that fails and one that looks for locks; the second look is held.
  const { settler, told } = start(async (run) => {
    sent += 1;
    if (sent >= 4) await gate.opened;
    return run();
  });
  const [first, second] = jobs;
  if (first !== undefined) settler.settle({ job: first, outcome: completed });
  await eventually(() => told.includes("settle:error"));
  if (second !== undefined) settler.settle({ job: second, outcome: completed });
  await eventually(() => sent >= 4);
  const stopping = settler.stop();
  settler.giveUp();
  gate.open();
  await stopping;
  await client.query("rollback");
  client.release();
  expect(told).toEqual(expect.arrayContaining(jobs.map(({ id }) => `pool:fatalError ${id}`)));
});

const cutOff = () => Object.assign(new Error("cut off"), { code: "ECONNRESET" });

/** As a sweep does to a worker that it declares dead, and another worker to its jobs. */
async function declareDead(): Promise<void> {
  await database.pool.query("select graphile_worker.worker_deregister('me')");
  await database.pool.query("delete from graphile_worker._private_jobs");
}

test("jobs that were swept and run elsewhere during an outage are lost, not complete", async () => {
  await database.pool.query("select graphile_worker.worker_heartbeat('me')");
  const [done, broken] = await claim(2);
  let statements = 0;
  const { settler, told } = start(async (run) => {
    statements += 1;
    if (statements > 1) return run();
    // Neither the statement nor its answer came through.
    await declareDead();
    throw cutOff();
  }, true);
  if (done === undefined || broken === undefined) throw new Error("Two jobs were added.");
  settler.settle({ job: done, outcome: completed });
  settler.settle({ job: broken, outcome: failed });
  await settler.stop();
  expect(told).toEqual(["settle:error", `job:lost ${done.id}`, `job:lost ${broken.id}`]);
});

test("a worker that was registered all the time knows that its lost statement was carried out", async () => {
  await database.pool.query("select graphile_worker.worker_heartbeat('me')");
  const [job] = await claim(1);
  let statements = 0;
  const { settler, told } = start(async (run) => {
    const answer = await run();
    statements += 1;
    if (statements === 1) throw cutOff();
    // The question who has the job is tried again, too.
    if (statements === 3) throw cutOff();
    return answer;
  }, true);
  if (job !== undefined) settler.settle({ job, outcome: completed });
  await settler.stop();
  expect(told).toEqual(["settle:error", "settle:error", `job:complete ${job?.id}`]);
});

test("a completed job that is still there was taken by others", async () => {
  const [job] = await claim(1);
  let statements = 0;
  const { settler, told } = start(async (run) => {
    statements += 1;
    if (statements > 1) return run();
    await database.pool.query("update graphile_worker._private_jobs set locked_by = 'other'");
    throw cutOff();
  });
  if (job !== undefined) settler.settle({ job, outcome: completed });
  await settler.stop();
  expect(told).toEqual(["settle:error", `job:lost ${job?.id}`]);
});

test("a statement that was never sent leaves no doubt: a job that is gone then is lost", async () => {
  await database.pool.query("select graphile_worker.worker_heartbeat('me')");
  const [job] = await claim(1);
  let statements = 0;
  const { settler, told } = start(async (run) => {
    statements += 1;
    if (statements > 1) return run();
    await database.pool.query("delete from graphile_worker._private_jobs");
    throw Object.assign(new Error("refused"), { code: "ECONNREFUSED" });
  }, true);
  if (job !== undefined) settler.settle({ job, outcome: completed });
  await settler.stop();
  expect(told).toEqual(["settle:error", `job:lost ${job?.id}`]);
});

test("once results are announced nothing fails any more, so that the next jobs are asked for", async () => {
  const jobs = await claim(1);
  let statements = 0;
  const failing: boolean[] = [];
  const events = new WorkerEvents("me", () => {});
  const settler: Settler = new Settler({
    queries,
    db: {
      query: async (text, values) => {
        statements += 1;
        if (statements === 1) throw Object.assign(new Error("again"), { code: "40001" });
        return db.query(text, values);
      },
    },
    workerId: "me",
    events,
    onSettled: () => failing.push(settler.isFailing),
  });
  settler.start();
  for (const job of jobs) settler.settle({ job, outcome: completed });
  await settler.stop();
  expect(failing).toEqual([false]);
});

test("after a failure, a job that others have locked stops no claim", async () => {
  const [job] = await claim(1);
  const client = await database.pool.connect();
  await client.query("begin; select from graphile_worker._private_jobs for update");
  let statements = 0;
  const { settler, told } = start(async (run) => {
    statements += 1;
    if (statements === 1) throw Object.assign(new Error("again"), { code: "40001" });
    return run();
  });
  if (job !== undefined) settler.settle({ job, outcome: completed });
  await eventually(() => told.length === 2);
  expect(settler.isFailing).toBe(false);
  await client.query("rollback");
  client.release();
  await settler.stop();
  expect(told.at(-1)).toBe(`job:complete ${job?.id}`);
});
