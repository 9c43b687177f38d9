import { Pool } from "pg";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { cleanup, enqueue, migrate, sweep } from "../../src/index.js";
import { createDatabase, type TestDatabase } from "../support/database.js";
import { plainTypes, resetParsers, setHostileParsers } from "../support/plain-types.js";
import { createRole, type TestRole } from "../support/roles.js";
import { actions, addJobs, quoted, runOnce, schema, work } from "./role-actions.js";

/** Settings that a role may have, each of which changes how some statement is read or answered. */
const settings = {
  standard_conforming_strings: "off",
  array_nulls: "off",
  transform_null_equals: "on",
  quote_all_identifiers: "on",
  "plpgsql.extra_errors": "all",
  "plpgsql.variable_conflict": "error",
  default_transaction_deferrable: "on",
  datestyle: "German, DMY",
  intervalstyle: "sql_standard",
  timezone: "Asia/Kathmandu",
  bytea_output: "escape",
  extra_float_digits: "-15",
  check_function_bodies: "off",
  search_path: "nowhere",
};

let database: TestDatabase;
let role: TestRole;

async function setUp(encoding: string | undefined, isolation: string): Promise<void> {
  database = await createDatabase(encoding);
  role = await createRole(database);
  await database.pool.query(`alter role ${role.name} superuser`);
  const all = { ...settings, default_transaction_isolation: isolation };
  for (const [name, value] of Object.entries(all)) {
    await database.pool.query(`alter role ${role.name} set ${name} = '${value}'`);
  }
}

async function tearDown(): Promise<void> {
  await role.drop();
  await database.drop();
}

beforeAll(setHostileParsers);
afterAll(resetParsers);

describe.each([
  ["UTF8", "serializable"],
  ["LATIN1", "repeatable read"],
])("with an application's settings and parsers, in %s, %s", (encoding, isolation) => {
  let ids: string[];
  beforeAll(async () => {
    await setUp(encoding === "UTF8" ? undefined : encoding, isolation);
    expect(await migrate({ pool: role.pool, schema })).toMatchObject({ migrated: true });
    await database.pool.query(`drop index ${quoted}.taskwright_queue_heads_index`);
    expect(await migrate({ connectionString: role.connectionString, schema })).toMatchObject({
      migrated: true,
    });
  });
  afterAll(tearDown);
  beforeEach(async () => {
    ids = await addJobs(database);
  });

  test("the settings and parsers hold", async () => {
    const { rows } = await role.pool.query<Record<string, unknown>>("select 1 as one");
    expect(rows).toEqual([{ one: { parsed: "1" } }]);
    const { rows: shown } = await role.pool.query<Record<string, unknown>>(
      "show default_transaction_isolation",
    );
    expect(shown).toEqual([{ default_transaction_isolation: isolation }]);
  });

  test.each(Object.entries(actions).filter(([name]) => !/SQL|view|uninstall/u.test(name)))(
    "one may %s",
    async (_name, [, action]) => {
      await action({ database, role, ids });
    },
  );
});

describe("under serializable, statements that overtake each other all succeed", () => {
  beforeEach(async () => {
    await setUp(undefined, "serializable");
    await migrate({ pool: role.pool, schema });
  });
  afterEach(tearDown);

  test("adds to the same key, beside sweeps and cleanups", async () => {
    const pool = new Pool({ connectionString: role.connectionString, max: 8, types: plainTypes });
    try {
      const add = (n: number) =>
        enqueue(pool, work, { n }, { jobKey: `key ${n % 3}`, queueName: `queue ${n % 2}` });
      await Promise.all([
        ...Array.from({ length: 150 }, (_, n) => add(n)),
        ...Array.from({ length: 3 }, () => sweep(pool, { schema })),
        cleanup(pool, { schema, tasks: ["GC_JOB_QUEUES", "GC_TASK_IDENTIFIERS"] }),
      ]);
    } finally {
      await pool.end();
    }
    const { rows } = await database.pool.query(`select key from ${quoted}._private_jobs`);
    expect(rows).toHaveLength(3);
  });

  test("a worker claims and settles read committed from its first statement on", async () => {
    await database.pool.query(`
      create table public.seen (action text, isolation text);
      create function public.see() returns trigger language plpgsql set search_path = public as $$
      begin
        insert into seen values (tg_op, current_setting('transaction_isolation'));
        return null;
      end $$;
      create trigger see after update or delete on ${quoted}._private_jobs
        for each row execute function public.see();
      alter table public.seen owner to ${role.name};`);
    await addJobs(database);
    await runOnce({ database, role, ids: [] });
    const { rows } = await database.pool.query(
      "select distinct * from public.seen order by action",
    );
    expect(rows).toEqual([
      { action: "DELETE", isolation: "read committed" },
      { action: "UPDATE", isolation: "read committed" },
    ]);
  });
});

test.each(["information_schema", "pg_catalog", "pg_temp"])(
  "%s is refused as a schema",
  async (name) => {
    database = await createDatabase();
    try {
      await expect(migrate({ pool: database.pool, schema: name })).rejects.toMatchObject({
        code: "OPTION_INVALID",
        message: expect.stringContaining("PostgreSQL's own"),
      });
    } finally {
      await database.drop();
    }
  },
);

test.each(["$taskwright$", "$taskwright_body$ $taskwright$", "a$b"])(
  "a schema may be named %s",
  async (name) => {
    database = await createDatabase();
    try {
      expect(await migrate({ pool: database.pool, schema: name })).toMatchObject({
        migrated: true,
      });
      expect(await migrate({ pool: database.pool, schema: name })).toMatchObject({
        migrated: false,
      });
    } finally {
      await database.drop();
    }
  },
);
