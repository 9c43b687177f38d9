import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { listWorkers, sweep } from "../../src/index.js";
import { createQueues, schemas, type TestQueue, type TestQueues } from "./support.js";

let queues: TestQueues;
beforeAll(async () => {
  queues = await createQueues();
});
afterAll(() => queues.database.drop());

describe.each(schemas)("in schema %s", (schema) => {
  let queue: TestQueue;
  let db: TestQueue["pool"];
  const options = { schema };
  beforeAll(() => {
    queue = queues.in(schema);
    db = queue.pool;
  });
  beforeEach(() => queue.clear());

  const register = (id: string, silentSeconds: number, metadata: object | null = null) =>
    queue.sql(
      `insert into graphile_worker._private_workers (id, last_heartbeat_at, metadata)
      values ($1, now() - $2 * interval '1 second', $3)`,
      [id, silentSeconds, metadata],
    );

  test("dead workers are swept up after, on a pool or in a transaction", async () => {
    await register("dead", 60, { sweepThresholdMs: 35_000 });
    const { id } = await queue.add("a", { queueName: "q", priority: 4 });
    await queue.lock(id, "dead");
    const seen: unknown[] = [];
    const client = await db.connect();
    await client.query("begin");
    const result = await sweep(client, {
      ...options,
      hook: (job) => {
        seen.push(job);
        return "recover";
      },
    });
    expect(result).toEqual({
      swept: true,
      deadWorkerIds: ["dead"],
      recoveredJobIds: [id],
      failedJobIds: [],
      hookErrors: [],
    });
    expect(seen).toMatchObject([{ id, task: "a", queueName: "q", priority: 4, attempts: 1 }]);
    await client.query("rollback");
    await expect(sweep(client, options)).rejects.toMatchObject({ code: "OPTION_INVALID" });
    client.release();
    expect(await sweep(db, options)).toMatchObject({ recoveredJobIds: [id] });
    expect(await listWorkers(db, options)).toEqual([]);
    await expect(sweep(db, { heartbeatIntervalMs: 1 } as never)).rejects.toMatchObject({
      code: "OPTION_UNKNOWN",
    });
    await expect(sweep(db, { ...options, recoveryDelayMs: -1 })).rejects.toMatchObject({
      code: "OPTION_INVALID",
    });
  });
});
