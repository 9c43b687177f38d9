import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import { migrate, type Executor } from "../../src/index.js";
import { bindQueries } from "../../src/database/queries.js";
import type { TestDatabase } from "../support/database.js";
import { addJobs, createQueue } from "./support.js";

const queries = bindQueries({ schema: "graphile_worker", preparedStatements: true });

let database: TestDatabase;
let taskId: number;
beforeAll(async () => {
  database = await createQueue();
});
afterAll(() => database.drop());
beforeEach(async () => {
  const { pool } = database;
  await pool.query("delete from graphile_worker._private_jobs");
  await addJobs(pool, "mail", 200);
  const [task] = await queries.findTasks(pool, { identifiers: ["mail"] });
  taskId = task?.id ?? -1;
});

interface Claim {
  readonly workerId?: string;
  readonly fleet?: number;
  readonly maxJobs?: number;
  /** How many slots the claim may take, and for how many jobs each. */
  readonly slots?: number;
  readonly perSlot?: number;
  readonly db?: Executor;
}

async function claim({ workerId = "me", fleet = 3, maxJobs = 10, slots, perSlot, db }: Claim = {}) {
  const rows = await queries.claimJobs(db ?? database.pool, {
    workerId,
    taskIds: [taskId],
    forbiddenFlags: [],
    maxJobs,
    afterQueue: 0,
    limits: JSON.stringify([{ task_id: taskId, fleet, slots, per_slot: perSlot }]),
  });
  return rows.map(({ id, lockedAt, slot }) => ({ id: id ?? "", lockedAt, slot }));
}

async function complete(workerId: string, jobs: { id: string; lockedAt: string }[]) {
  const lost = await queries.settleJobs(database.pool, {
    workerId,
    locks: jobs.map(({ lockedAt }) => lockedAt),
    completedIds: jobs.map(({ id }) => id),
    failedIds: [],
    failedMessages: [],
    failedPayloads: [],
    failedRetries: [],
    returnedIds: [],
    returnedPayloads: [],
  });
  expect(lost).toEqual([]);
}

/** Those of the jobs that hold the slots. */
async function inSlots<Job extends { id: string }>(jobs: Job[], slots: number[]): Promise<Job[]> {
  const { rows } = await database.pool.query<{ id: string }>(
    "select unnest(job_ids)::text as id from graphile_worker.taskwright_slots where slot = any ($1)",
    [slots],
  );
  const chosen = jobs.filter((job) => rows.some(({ id }) => id === job.id));
  expect(chosen).toHaveLength(slots.length);
  return chosen;
}

async function countLocked(): Promise<number> {
  const { rows } = await database.pool.query<{ count: number }>(
    "select count(*)::int as count from graphile_worker._private_jobs where locked_by is not null",
  );
  return rows[0]?.count ?? -1;
}

test("each settled job makes room for one", async () => {
  const first = await claim();
  expect(first).toHaveLength(3);
  expect(await claim({ workerId: "other" })).toHaveLength(0);
  await complete("me", first.slice(0, 2));
  expect(await claim({ workerId: "other", maxJobs: 1 })).toHaveLength(1);
  expect(await claim({ workerId: "other" })).toHaveLength(1);
  expect(await claim()).toHaveLength(0);
});

test("a claim takes as many slots as it may, each for several jobs, in turn", async () => {
  const first = await claim({ slots: 2, perSlot: 3 });
  expect(first.map(({ slot }) => slot)).toEqual([1, 2, 1, 2, 1, 2]);
  // Fewer jobs than places: one for each slot.
  expect(await claim({ workerId: "other", maxJobs: 1, perSlot: 3 })).toMatchObject([{ slot: 3 }]);
  expect(await claim()).toEqual([]);
});

test("a slot is taken until the last of its jobs has ended, in whatever order they end", async () => {
  const jobs = await claim({ slots: 1, perSlot: 3, fleet: 1 });
  expect(jobs).toHaveLength(3);
  for (const place of [1, 2, 0]) {
    expect(await claim({ workerId: "other", fleet: 1 })).toEqual([]);
    await complete("me", jobs.slice(place, place + 1));
  }
  expect(await claim({ workerId: "other", fleet: 1 })).toHaveLength(1);
});

test("a slot that older versions gave to one job stays taken through the upgrade", async () => {
  const own = await createQueue();
  const before = `
    alter table graphile_worker.taskwright_slots rename column job_ids to job_id;
    alter table graphile_worker.taskwright_slots alter column job_id type bigint using job_id[1];
    create or replace function graphile_worker.taskwright_find_room(
      limits json, task_ids int[], max_jobs int
    ) returns json language sql as $$ select '[]'::json -- taskwright: taskwright_find_room 3
    $$;`;
  await own.pool.query(before);
  await own.pool.query(
    `insert into graphile_worker.taskwright_slots values (1, 1, 7, now()), (1, 2, null, null)`,
  );
  expect(await migrate({ pool: own.pool })).toMatchObject({ migrated: true });
  const { rows } = await own.pool.query(
    "select slot, job_ids::text[] as jobs from graphile_worker.taskwright_slots order by slot",
  );
  expect(rows).toEqual([
    { slot: 1, jobs: ["7"] },
    { slot: 2, jobs: null },
  ]);
  await own.drop();
});

test("jobs that were taken from a dead worker make room", async () => {
  const { pool } = database;
  expect(await claim({ workerId: "dead" })).toHaveLength(3);
  expect(await claim()).toHaveLength(0);
  await pool.query("select graphile_worker.recover_dead_worker_jobs('{dead}')");
  expect(await claim()).toHaveLength(3);
});

test("jobs that an administrator completes or unlocks make room", async () => {
  const { pool } = database;
  const [first, second] = await claim();
  await pool.query("select graphile_worker.force_unlock_workers('{me}')");
  await pool.query("select graphile_worker.complete_jobs($1)", [[first?.id, second?.id]]);
  expect(await claim()).toHaveLength(3);
  expect(await countLocked()).toBe(3);
});

test("a claim that is rolled back leaves no slot taken", async () => {
  const client = await database.pool.connect();
  await client.query("begin");
  expect(await claim({ db: client })).toHaveLength(3);
  expect(await claim({ workerId: "other" })).toHaveLength(0);
  await client.query("rollback");
  client.release();
  expect(await claim({ workerId: "other" })).toHaveLength(3);
});

test("where limits differ, the largest holds", async () => {
  expect(await claim({ fleet: 2 })).toHaveLength(2);
  expect(await claim({ fleet: 5 })).toHaveLength(3);
  expect(await claim({ fleet: 2 })).toHaveLength(0);
  expect(await countLocked()).toBe(5);
});

test("a lowered limit counts the jobs that hold slots beyond it", async () => {
  const six = await claim({ fleet: 6 });
  expect(six).toHaveLength(6);
  await complete("me", await inSlots(six, [1, 2]));
  expect(await claim({ fleet: 2 })).toHaveLength(0);
  await complete("me", await inSlots(six, [3, 5]));
  expect(await claim({ fleet: 2 })).toHaveLength(0);
  expect(await claim({ fleet: 3 })).toHaveLength(1);
  await complete("me", await inSlots(six, [4, 6]));
  expect(await claim({ fleet: 2 })).toHaveLength(1);
  expect(await claim({ fleet: 2 })).toHaveLength(0);
  expect(await countLocked()).toBe(2);
});

test("claims at the same time don't pass a lowered limit together", async () => {
  const four = await claim({ fleet: 4 });
  await complete("me", await inSlots(four, [1, 2, 3]));
  const [first, second] = await Promise.all([database.pool.connect(), database.pool.connect()]);
  await first.query("begin");
  await second.query("begin");
  expect(await claim({ fleet: 3, maxJobs: 1, db: first })).toHaveLength(1);
  expect(await claim({ fleet: 3, db: second })).toHaveLength(1);
  expect(await claim({ fleet: 3 })).toHaveLength(0);
  await first.query("commit");
  await second.query("commit");
  first.release();
  second.release();
  expect(await countLocked()).toBe(3);
});

test("claims at the same time don't pass the limit together", async () => {
  const fleet = 2;
  let most = 0;
  const work = async (workerId: string) => {
    for (let round = 0; round < 40; round++) {
      const jobs = await claim({ workerId, fleet, maxJobs: 1 + (round % 3) });
      most = Math.max(most, await countLocked());
      await complete(workerId, jobs);
    }
  };
  await Promise.all(Array.from({ length: 10 }, (_, index) => work(`worker-${index}`)));
  expect(most).toBe(fleet);
});

test("pauses and limits cost no claim a walk through what they don't concern", async () => {
  const own = await createQueue();
  const client = await own.pool.connect();
  const measured = async () => {
    const { rows } = await client.query<{ "QUERY PLAN": [{ Plan: Record<string, number> }] }>({
      name: "measured",
      text: `explain (analyze, buffers, format json) select * from
        graphile_worker.taskwright_claim_jobs('me', '{1}', '{}', 5, 0, '[{"task_id":1,"fleet":500}]')`,
    });
    const plan = rows[0]?.["QUERY PLAN"][0].Plan;
    return (plan?.["Shared Hit Blocks"] ?? NaN) + (plan?.["Shared Read Blocks"] ?? NaN);
  };
  // Plans are made while there is nothing, as on a queue that is usually empty.
  await client.query("vacuum analyze");
  await client.query("insert into graphile_worker._private_tasks (identifier) values ('mail')");
  await client.query(
    "insert into graphile_worker.taskwright_pauses (kind, name) values ('queue', 'q1'), ('task', 'x')",
  );
  for (let call = 0; call < 10; call++) await measured();
  await addJobs(own.pool, "mail", 5000, { queue: "q%", queues: 5000 });
  await addJobs(own.pool, "mail", 15_000);
  // The first claims after it set hint bits and read what was never read.
  for (let call = 0; call < 3; call++) await measured();
  expect(await measured()).toBeLessThan(2000);
  client.release();
  await own.drop();
});
