import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { bindQueries } from "../../src/database/queries.js";
import { listWorkers } from "../../src/index.js";
import type { TestDatabase } from "../support/database.js";
import { addJob, createQueue } from "../worker/support.js";
import { claim, registerDead, settle, sweepOnce, withClient } from "./support.js";

// A sweep may recover some jobs of a worker and leave others: their rows are locked, or the hook
// leaves them. The worker stays registered then, so that the next sweep finds the rest. It was taken
// for dead all the same.

const queries = bindQueries({ schema: "graphile_worker", preparedStatements: true });
let database: TestDatabase;
beforeAll(async () => {
  database = await createQueue();
});
afterAll(() => database.drop());
beforeEach(() =>
  database.pool.query(
    `truncate graphile_worker._private_jobs, graphile_worker._private_workers,
      graphile_worker.taskwright_workers`,
  ),
);

const beat = async () => {
  const rows = await queries.beatHeart(database.pool, { workerId: "me", metadata: "{}" });
  return rows[0]?.wasRegistered;
};

/** Lets the worker `me` claim two jobs and fall silent, and a sweep recover the second one alone. */
async function recoverOne(how: "locked" | "left"): Promise<{ id: string; locked_at: string }> {
  const { pool } = database;
  const kept = await addJob(pool, "work");
  await addJob(pool, "work");
  await registerDead(pool, "me");
  const [, recovered] = await claim(pool, "me");
  if (recovered === undefined) throw new Error("Nothing was claimed.");
  await withClient(pool, async (client) => {
    await client.query("begin");
    if (how === "locked") {
      const row = "select from graphile_worker._private_jobs where id = $1 for update";
      await client.query(row, [kept]);
    }
    const hook = ({ id }: { readonly id: string }) => (id === kept ? "leave" : "recover");
    const result = await sweepOnce(pool, how === "left" ? { hook } : {});
    expect(result.recoveredJobIds).toEqual([recovered.id]);
  });
  expect(await listWorkers(pool)).toMatchObject([{ id: "me", jobs: 1 }]);
  return recovered;
}

describe.each(["locked", "left"] as const)("a worker of which a sweep %s a job", (how) => {
  test("learns at its next heartbeat, and only there, that it was taken for dead", async () => {
    await recoverOne(how);
    expect(await beat()).toBe(false);
    expect(await beat()).toBe(true);
  });

  test("doesn't take a result for written when its job was recovered and completed elsewhere", async () => {
    const { pool } = database;
    const recovered = await recoverOne(how);
    const [again] = await claim(pool, "other");
    expect(again?.id).toBe(recovered.id);
    if (again !== undefined) await settle(pool, "other", again, "completed");
    const isTaken = async () => {
      const rows = await queries.findTakenJobs(pool, {
        workerId: "me",
        isRegistered: true,
        ids: [recovered.id],
        locks: [new Date(recovered.locked_at).toISOString()],
        areCompleted: ["true"],
      });
      return rows.length === 1;
    };
    expect(await isTaken()).toBe(true);
    await beat();
    expect(await isTaken()).toBe(true);
  });
});

test("a worker of which a sweep left everything wasn't taken for dead", async () => {
  const { pool } = database;
  await addJob(pool, "work");
  await registerDead(pool, "me");
  await claim(pool, "me");
  await sweepOnce(pool, { hook: () => "leave" });
  expect(await beat()).toBe(true);
});
