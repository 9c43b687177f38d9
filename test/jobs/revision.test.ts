import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import { migrate } from "../../src/migrate/index.js";
import { createDatabase, type TestDatabase } from "../support/database.js";

let database: TestDatabase;
beforeAll(async () => {
  database = await createDatabase();
  await migrate({ pool: database.pool });
});
afterAll(() => database.drop());
beforeEach(() => database.pool.query("delete from graphile_worker._private_jobs"));

const add = (mode: string) =>
  database.pool.query(
    "select graphile_worker.add_job('task', '{}', job_key := 'k', job_key_mode := $1)",
    [mode],
  );

const lock = () =>
  database.pool.query(
    "update graphile_worker._private_jobs set locked_by = 'me', locked_at = now(), attempts = 1",
  );

/** Key and revision of each job, oldest first. */
async function revisions(): Promise<string[]> {
  const { rows } = await database.pool.query<{ key: string | null; revision: number }>(
    "select key, revision from graphile_worker._private_jobs order by id",
  );
  return rows.map(({ key, revision }) => `${key} ${revision}`);
}

test.each(["replace", "preserve_run_at", "unsafe_dedupe"])(
  "each %s of a waiting job raises its revision by one",
  async (mode) => {
    await add("replace");
    expect(await revisions()).toEqual(["k 0"]);
    await add(mode);
    await add(mode);
    expect(await revisions()).toEqual(["k 2"]);
  },
);

test.each(["replace", "preserve_run_at"])(
  "a %s of a running job raises the old row's revision, which tells it from a removed one",
  async (mode) => {
    await add("replace");
    await lock();
    await add(mode);
    expect(await revisions()).toEqual(["null 1", "k 0"]);
  },
);

test("an unsafe_dedupe of a running job raises its revision and leaves it its key", async () => {
  await add("replace");
  await lock();
  await add("unsafe_dedupe");
  expect(await revisions()).toEqual(["k 1"]);
});

test("the removal of a running job leaves its revision", async () => {
  await add("replace");
  await lock();
  await database.pool.query("select graphile_worker.remove_job('k')");
  expect(await revisions()).toEqual(["null 0"]);
});

test("a replaced job that had run for the last time gives its key to a new row", async () => {
  await add("replace");
  await database.pool.query("update graphile_worker._private_jobs set attempts = max_attempts");
  await add("replace");
  expect(await revisions()).toEqual(["null 1", "k 0"]);
});
