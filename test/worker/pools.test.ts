import { setTimeout as delay } from "node:timers/promises";
import { Pool } from "pg";
import { afterAll, beforeAll, expect, test } from "vitest";
import { runOnce, startWorker, type HandlerSet } from "../../src/index.js";
import type { TestDatabase } from "../support/database.js";
import { addJobs, countLocks, createQueue, handlersFor, listJobs, until } from "./support.js";

let database: TestDatabase;
beforeAll(async () => {
  database = await createQueue();
});
afterAll(() => database.drop());

const name = "pools-test";

/** A connection string whose connections can be told apart from the test's. */
function named(): string {
  const url = new URL(database.connectionString);
  url.searchParams.set("application_name", name);
  return url.href;
}

async function countConnections(): Promise<number> {
  const { rows } = await database.pool.query<{ count: number }>(
    "select count(*)::int as count from pg_stat_activity where application_name = $1",
    [name],
  );
  return rows[0]?.count ?? -1;
}

/** Every job takes a connection for itself and holds it for a while. */
const transactions: HandlerSet<undefined> = handlersFor({
  work: (_payload, ctx) =>
    ctx.withTransaction(async (tx) => {
      await tx.query("select 1", []);
      await delay(5);
    }),
});

for (const max of [1, 3, 5]) {
  test(`a pool of ${max} serves handlers that take all it has, and is left as it was`, async () => {
    const pool = new Pool({ connectionString: named(), max });
    const listeners = pool.eventNames().map((event) => pool.listenerCount(event));
    await addJobs(database.pool, "work", 60, { queue: "q-%", queues: 7 });
    await addJobs(database.pool, "work", 60);
    const worker = await startWorker({ pool, handlers: transactions, concurrency: 20 });
    let most = 0;
    await until(async () => {
      most = Math.max(most, await countConnections());
      return (await listJobs(database.pool)).length === 0;
    });
    await worker.stop();
    expect(most).toBeLessThanOrEqual(max);
    expect(await countLocks(database.pool)).toBe(0);
    expect(pool.waitingCount).toBe(0);
    expect(pool.idleCount).toBe(pool.totalCount);
    expect(pool.eventNames().map((event) => pool.listenerCount(event))).toEqual(listeners);
    const client = await pool.connect();
    // The pool's own listeners for a connection that is lent out.
    expect(client.listenerCount("notification")).toBe(0);
    client.release();
    await pool.end();
  });
}

test("a worker's own connections are at most maxPoolSize and four, and all are closed", async () => {
  await addJobs(database.pool, "work", 200, { queue: "q-%", queues: 20 });
  await addJobs(database.pool, "work", 200);
  const worker = await startWorker({
    connectionString: named(),
    handlers: transactions,
    concurrency: 20,
    maxPoolSize: 4,
  });
  let most = 0;
  await until(async () => {
    most = Math.max(most, await countConnections());
    return (await listJobs(database.pool)).length === 0;
  });
  await worker.stop();
  expect(most).toBeGreaterThan(4);
  expect(most).toBeLessThanOrEqual(8);
  // The server may be a moment behind.
  await until(async () => (await countConnections()) === 0);
});

test("runOnce works with one connection", async () => {
  const pool = new Pool({ connectionString: named(), max: 1 });
  await addJobs(database.pool, "work", 30, { queue: "q-%", queues: 3 });
  await runOnce({ pool, handlers: transactions });
  expect(await listJobs(database.pool)).toEqual([]);
  await pool.end();
});
