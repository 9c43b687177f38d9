import { afterAll, beforeAll, expect, test } from "vitest";
import {
  bindClient,
  enqueue,
  enqueueBatch,
  enqueueBulk,
  enqueueMany,
  resolveCronEntries,
} from "../../src/index.js";
import { defineTask } from "../../src/tasks/task.js";
import type { TestDatabase } from "../support/database.js";
import { createQueue } from "../worker/support.js";

let database: TestDatabase;
beforeAll(async () => {
  database = await createQueue();
});
afterAll(() => database.drop());

const define = (maxPayloadBytes?: number) =>
  defineTask<unknown, unknown>({
    identifier: "sized",
    schema: "graphile_worker",
    validator: () => true,
    ...(maxPayloadBytes === undefined ? {} : { maxPayloadBytes }),
  });

test("a payload may have 4 MiB unless its task says otherwise, and is counted in bytes", async () => {
  const task = define();
  await enqueue(database.pool, task, "x".repeat(4_194_302));
  const tooLarge = enqueue(database.pool, task, "é".repeat(2_100_000));
  await expect(tooLarge).rejects.toMatchObject({
    code: "PAYLOAD_TOO_LARGE",
    details: { task: "sized", bytes: 4_200_002, maxPayloadBytes: 4_194_304 },
    message: expect.stringContaining("maxPayloadBytes in the task's x-task"),
  });
  await enqueue(database.pool, define(5_000_000), "é".repeat(2_100_000));
  await expect(enqueue(database.pool, define(9), "12345678")).rejects.toMatchObject({
    code: "PAYLOAD_TOO_LARGE",
  });
});

test("defaults that the validator fills in count, too", async () => {
  const task = defineTask<{ text?: string }, { text: string }>({
    identifier: "sized",
    schema: "graphile_worker",
    maxPayloadBytes: 20,
    validator: (value) => {
      (value as { text?: string }).text ??= "a default of many bytes";
      return true;
    },
  });
  await expect(enqueue(database.pool, task, {})).rejects.toMatchObject({
    code: "PAYLOAD_TOO_LARGE",
  });
});

test("every way in obeys", async () => {
  const task = define(10);
  const large = "x".repeat(20);
  const { pool } = database;
  const expected = expect.objectContaining({ code: "PAYLOAD_TOO_LARGE" });
  await expect(enqueueMany(pool, task, [{ payload: 1 }, { payload: large }])).rejects.toMatchObject(
    {
      code: "PAYLOAD_TOO_LARGE",
      details: { index: 1 },
    },
  );
  await expect(
    enqueueBatch(pool, task as Parameters<typeof enqueueBatch>[1], [large]),
  ).rejects.toEqual(expected);
  await expect(enqueueBulk(pool, task, [{ payload: 1 }, { payload: large }])).rejects.toMatchObject(
    { code: expect.stringMatching(/PAYLOAD_TOO_LARGE|BULK_FAILED/u) },
  );
  const client = bindClient({ sized: task }, {}, { pool });
  await expect(client.add("sized", large)).rejects.toEqual(expected);
  await client.end();
});

test("a schedule's payload is limited as that of any job", () => {
  const line = `* * * * * sized {"text":"${"x".repeat(4_194_304)}"}`;
  expect(() => resolveCronEntries({ crontab: line, tasks: { sized: define() } })).toThrow(
    /\d+ bytes as JSON text/u,
  );
});
