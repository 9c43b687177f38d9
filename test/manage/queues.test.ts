import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { listQueues, pauseQueue } from "../../src/index.js";
import { createQueues, later, schemas, type TestQueue, type TestQueues } from "./support.js";

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

  test("queues are told with their jobs, their lock and their pause", async () => {
    const first = await queue.add("a", { queueName: "busy" });
    const second = await queue.add("a", { queueName: "busy" });
    const failed = await queue.add("a", { queueName: "busy" });
    await queue.add("a", { queueName: "later", runAt: later() });
    await queue.add("a");
    await queue.lock(first.id, "me");
    await queue.fail(failed.id);
    await pauseQueue(db, "later", options);
    expect(await listQueues(db, options)).toEqual({
      queues: [
        {
          name: "busy",
          jobs: 3,
          due: 1,
          failed: 1,
          oldestDueAt: second.runAt,
          lockedBy: "me",
          lockedAt: expect.any(Date),
          isPaused: false,
        },
        {
          name: "later",
          jobs: 1,
          due: 0,
          failed: 0,
          oldestDueAt: null,
          lockedBy: null,
          lockedAt: null,
          isPaused: true,
        },
      ],
      nextCursor: null,
    });
  });

  test("queues come in pages by name, those without jobs too, and can be searched", async () => {
    const names = ["a", "b", "c", "d", "Cc"];
    for (const queueName of names) await queue.add("a", { queueName });
    await queue.sql("delete from graphile_worker._private_jobs");
    const seen: string[] = [];
    let cursor: string | undefined;
    do {
      const page = await listQueues(db, {
        ...options,
        limit: 2,
        ...(cursor === undefined ? {} : { cursor }),
      });
      seen.push(...page.queues.map(({ name }) => name));
      cursor = page.nextCursor ?? undefined;
    } while (cursor !== undefined);
    expect(seen).toHaveLength(5);
    expect(new Set(seen)).toEqual(new Set(names));
    const found = await listQueues(db, { ...options, search: "C" });
    expect(new Set(found.queues.map(({ name }) => name))).toEqual(new Set(["c", "Cc"]));
    await expect(listQueues(db, { ...options, cursor: "b" })).rejects.toMatchObject({
      code: "OPTION_INVALID",
    });
  });
});
