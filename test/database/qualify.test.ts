import { Client } from "pg";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { queries } from "../../generated/queries/index.js";
import { migrations } from "../../generated/migrations.js";
import { qualify } from "../../src/database/qualify.js";
import { migrate } from "../../src/migrate/index.js";
import { createDatabase, type TestDatabase } from "../support/database.js";
import { plantLookalikes, type Planted } from "../support/lookalikes.js";
import { plainTypes } from "../support/plain-types.js";

let database: TestDatabase;
let client: Client;
let planted: Planted;
beforeAll(async () => {
  database = await createDatabase();
  client = new Client({ connectionString: database.connectionString, types: plainTypes });
  await client.connect();
  // The texts that the server prints are looked through for names.
  await client.query("set quote_all_identifiers = off");
  await migrate({ client });
  planted = await plantLookalikes(client, "planted", "equal");
});
afterAll(async () => {
  await client.end();
  await database.drop();
});

/** Statements without an expression; the server prints no body of these. */
const utility = /^\s*(?:begin|commit|rollback|savepoint|release|listen|lock|drop)\b/u;

const statements = Object.entries(queries).map(([name, query]) => {
  let text = "";
  const connection = {
    query: async (given: string) => {
      text = given;
      return { rows: [], rowCount: 0 };
    },
  };
  const parameters = new Proxy({}, { get: () => null });
  const { run } = query as unknown as {
    readonly run: (this: void, params: unknown, db: typeof connection) => Promise<unknown>;
  };
  return { name, read: async () => (await run(parameters, connection), text) };
});

/** What the server makes of a statement under a search_path, with all names in full. */
async function understand(text: string, searchPath: string): Promise<string> {
  await client.query("set search_path = pg_catalog");
  await client.query(`prepare described as ${text}`);
  const { rows } = await client.query<{ types: string }>(`
    select string_agg(format('%s.%s', nspname, typname), ', ' order by place) as types
    from pg_prepared_statements
    cross join unnest(parameter_types) with ordinality as given (type, place)
    join pg_type on pg_type.oid = type
    join pg_namespace on pg_namespace.oid = typnamespace
    where name = 'described'`);
  await client.query("deallocate described");
  const create = async (result: string) => {
    await client.query(`set search_path = ${searchPath}`);
    await client.query(
      `create function public.understood(${rows[0]?.types ?? ""}) returns ${result} begin atomic ${text}; end`,
    );
  };
  try {
    await create("setof pg_catalog.record").catch(() => create("pg_catalog.void"));
    await client.query("set search_path = pg_catalog");
    const read = await client.query<{ body: string }>(
      "select pg_get_functiondef('public.understood'::regproc) as body",
    );
    return read.rows[0]?.body ?? "";
  } finally {
    await client.query("set search_path = pg_catalog");
    await client.query("drop function if exists public.understood");
  }
}

test("nearly all of pg_catalog has a look-alike", () => {
  expect(planted.functions).toBeGreaterThan(2500);
  expect(planted.operators).toBeGreaterThan(700);
  expect(planted.types).toBe(7);
});

describe.each(statements)("$name", ({ read }) => {
  test("keeps its meaning and refers to nothing in the search_path", async () => {
    const text = await read();
    if (utility.test(text)) {
      expect(qualify(text)).toBe(text);
      return;
    }
    expect(await understand(qualify(text), "pg_catalog")).toBe(
      await understand(text, "pg_catalog"),
    );
    expect(await understand(qualify(text), "planted, pg_catalog")).not.toContain("planted.");
  });
});

test("the look-alikes are found by what isn't qualified", async () => {
  const found: string[] = [];
  for (const { name, read } of statements) {
    const text = await read();
    if (utility.test(text) || qualify(text) === text) continue;
    if (!(await understand(text, "planted, pg_catalog")).includes("planted.")) found.push(name);
  }
  expect(found).toEqual([]);
});

test.each([
  [
    "select -1, -a.b, a - 1, *, a.* from x.t as a",
    "select -1, operator(pg_catalog.-)a.b, a operator(pg_catalog.-) 1, *, a.* from x.t as a",
  ],
  [
    "update x.t set a = 1, b = (c = d) where e = f",
    "update x.t set a = 1, b = (c operator(pg_catalog.=) d) where e operator(pg_catalog.=) f",
  ],
  [
    "select 'a = b', \"c=d\" /* e = f */ from x.f(g => 1) -- h = i",
    "select 'a = b', \"c=d\" /* e = f */ from x.f(g => 1) -- h = i",
  ],
  [
    "select now()::text as text from x.f() as (id int, name text)",
    "select pg_catalog.now()::pg_catalog.text as text from x.f() as (id int, name pg_catalog.text)",
  ],
])("%s", (text, expected) => {
  expect(qualify(text)).toBe(expected);
});

test("SQL is ASCII, so that a database of any encoding can store it", async () => {
  const texts = await Promise.all(statements.map(({ read }) => read()));
  const all = [...Object.values(migrations), ...texts];
  expect(all.filter((text) => /[^\t\n\x20-\x7E]/u.test(text))).toEqual([]);
});
