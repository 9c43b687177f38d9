import { Client } from "pg";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { migrate, uninstall } from "../../src/index.js";
import { createDatabase, type TestDatabase } from "../support/database.js";
import { plantLookalikes } from "../support/lookalikes.js";
import { createRole, type TestRole } from "../support/roles.js";
import { actions, addJobs, schema } from "./role-actions.js";

/**
 * Another role's functions and operators stand before PostgreSQL's in the path of a role that owns the
 * queue, runs its workers and is a superuser. Each of them fails when it is called.
 */
let database: TestDatabase;
let role: TestRole;
beforeAll(async () => {
  database = await createDatabase();
  const client = new Client({ connectionString: database.connectionString });
  await client.connect();
  const planted = await plantLookalikes(client, "planted", "loud");
  await client.end();
  expect(planted.functions).toBeGreaterThan(1500);
  expect(planted.operators).toBeGreaterThan(700);
  role = await createRole(database);
  await database.pool.query(
    `alter role ${role.name} superuser; alter role ${role.name} set search_path = planted, pg_catalog, public`,
  );
});
afterAll(async () => {
  await role.drop();
  await database.drop();
});

test.each([
  "select now()",
  "select 1 + 1",
  "select 'a'::name || 'b'",
  "select cardinality('{1}'::int[])",
])("%s meets what was planted", async (statement) => {
  await expect(role.pool.query(statement)).rejects.toThrow(/^planted/u);
});

test("a fresh schema is made, and one that a peer's concurrent builds complete", async () => {
  await migrate({ pool: role.pool, schema });
  await database.pool.query(`drop index "odd ""schema""".taskwright_queue_heads_index`);
  expect(await migrate({ connectionString: role.connectionString, schema })).toMatchObject({
    migrated: true,
    warnings: [],
  });
  expect(await migrate({ pool: role.pool, schema })).toMatchObject({ migrated: false });
});

describe("one may", () => {
  let ids: string[];
  beforeEach(async () => {
    ids = await addJobs(database);
  });

  test.each(Object.entries(actions).filter(([name]) => !/SQL|view|uninstall/u.test(name)))(
    "%s",
    async (_name, [, action]) => {
      await action({ database, role, ids });
    },
  );
});

test("the schema is dropped", async () => {
  expect(await uninstall({ pool: role.pool, schema })).toMatchObject({ uninstalled: true });
});
