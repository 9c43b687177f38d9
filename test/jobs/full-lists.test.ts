import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import { enqueue, runOnce } from "../../src/index.js";
import { defineTask } from "../../src/tasks/task.js";
import type { TestDatabase } from "../support/database.js";
import { createQueue, handlersFor } from "../worker/support.js";

let database: TestDatabase;
beforeAll(async () => {
  database = await createQueue();
});
afterAll(() => database.drop());
beforeEach(async () => {
  await database.pool.query("delete from graphile_worker._private_jobs");
});

const list = defineTask<readonly unknown[], readonly unknown[]>({
  identifier: "list",
  schema: "graphile_worker",
  validator: () => true,
});
const add = (items: readonly unknown[]) => enqueue(database.pool, list, items, { jobKey: "key" });

interface Row {
  readonly key: string | null;
  readonly items: number;
  readonly bytes: number;
  readonly attempts: number;
  readonly revision: number;
}

async function rows(): Promise<Row[]> {
  const { rows } = await database.pool.query<Row>(`
    select key, json_array_length(payload) as items, octet_length(payload::text) as bytes, attempts, revision
    from graphile_worker._private_jobs order by id`);
  return rows;
}

test("items that are added one by one make jobs of bounded size, and none is lost", async () => {
  const item = "x".repeat(1000);
  for (let n = 0; n < 150; n += 1) await add([`${n} ${item}`]);
  const jobs = await rows();
  expect(jobs.map(({ key }) => key)).toEqual([null, null, "key"]);
  for (const { bytes } of jobs) expect(bytes).toBeLessThanOrEqual(65_536);
  expect(jobs.reduce((sum, { items }) => sum + items, 0)).toBe(150);

  const seen: string[] = [];
  await runOnce({
    connectionString: database.connectionString,
    handlers: handlersFor({
      list: (payload) => {
        for (const each of payload as unknown as string[]) seen.push(each.split(" ")[0] ?? "");
      },
    }),
  });
  expect(seen.toSorted((a, b) => Number(a) - Number(b))).toEqual(
    Array.from({ length: 150 }, (_, n) => `${n}`),
  );
});

test("a full list that waits for its retry keeps its attempts", async () => {
  await add(["x".repeat(65_000)]);
  await database.pool.query("update graphile_worker._private_jobs set attempts = 2");
  await add(["y".repeat(1000)]);
  expect(await rows()).toMatchObject([
    { key: null, attempts: 2, items: 1 },
    { key: "key", attempts: 0, items: 1 },
  ]);
});

test("one item that is larger than a full list is added, and what follows begins anew", async () => {
  await add(["x".repeat(200_000)]);
  await add(["y"]);
  expect(await rows()).toMatchObject([
    { key: null, items: 1 },
    { key: "key", items: 1 },
  ]);
});

test.each([
  ["a payload with a NUL", "payload = '[\"\\u0000\"]'"],
  ["the largest revision", "revision = 2147483647"],
  ["the largest numbers of attempts", "attempts = 32767, max_attempts = 32767"],
])("%s doesn't block its key", async (_name, set) => {
  for (const mode of ["replace", "preserve_run_at", "unsafe_dedupe"] as const) {
    await database.pool.query("delete from graphile_worker._private_jobs");
    await add([1]);
    await database.pool.query(`update graphile_worker._private_jobs set ${set}`);
    await enqueue(database.pool, list, [2], { jobKey: "key", jobKeyMode: mode });
    await database.pool.query("select graphile_worker.remove_job('key')");
    await add([3]);
    expect((await rows()).filter(({ key }) => key === "key")).toHaveLength(1);
  }
});
