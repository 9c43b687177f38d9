import path from "node:path";
import { expect, test } from "vitest";
import { QueryCompiler } from "../../codegen/queries/compile.js";
import { createDatabase } from "../support/database.js";
import { compileSql } from "./support/compile-sql.js";
import { checkAssignments } from "./support/type-verdicts.js";

const migration = `create table people (id int primary key, name text, born date, tags text[] not null);`;

const sql = `
/* One. */
/* @name findPerson */
select id from people where id = :id! and name = :name;

/* Some. */
/* @name findPeople
   @param ids -> (...) */
select id from people where id in :ids!;

/* Adds one. */
/* @name addPerson
   @param person -> (id!, name) */
insert into people (id, name) values :person;

/* Adds some. */
/* @name addPeople
   @param people -> ((id!, tags!)...) */
insert into people (id, tags) values :people;

/* None. */
/* @name clearPeople */
delete from people;

/* As their table says. */
/* @name listPeople */
select id, name, tags, name as "label!", id as "number?", count(*) over () from people;
`;

/** A value for each type, and whether TypeScript accepts it. */
const cases: readonly (readonly [string, unknown, boolean])[] = [
  ["FindPersonParams", { id: 1, name: null }, true],
  ["FindPersonParams", { id: 1 }, true],
  ["FindPersonParams", { name: "a" }, false],
  ["FindPersonParams", { id: null }, false],
  ["FindPersonParams", { id: 1, nam: "a" }, false],
  ["FindPeopleParams", { ids: [1, 2] }, true],
  ["FindPeopleParams", { ids: [null] }, false],
  ["FindPeopleParams", { ids: 1 }, false],
  ["AddPersonParams", { person: { id: 1, name: null } }, true],
  ["AddPersonParams", { person: { id: null, name: null } }, false],
  ["AddPersonParams", { person: [{ id: 1, name: null }] }, false],
  ["AddPeopleParams", { people: [{ id: 1, tags: ["a"] }] }, true],
  ["AddPeopleParams", { people: [{ id: 1, tags: "a" }] }, false],
  ["AddPeopleParams", { people: { id: 1, tags: ["a"] } }, false],
  [
    "ListPeopleResult",
    { id: 1, name: null, tags: [], label: "a", number: null, count: null },
    true,
  ],
  [
    "ListPeopleResult",
    { id: null, name: null, tags: [], label: "a", number: 1, count: "1" },
    false,
  ],
  ["ListPeopleResult", { id: 1, name: null, tags: null, label: "a", number: 1, count: "1" }, false],
  ["ListPeopleResult", { id: 1, name: null, tags: [], label: null, number: 1, count: "1" }, false],
];

test("parameters and columns are required, optional, lists and nullable as they are written", async () => {
  const { problems, module } = await compileSql(migration, { people: sql });
  expect(problems).toEqual([]);
  const text = module("people");
  const { errors, moduleErrors } = checkAssignments(
    cases.map(([type, value]) => ({
      module: path.resolve("generated/queries/people.ts"),
      text,
      type,
      value,
    })),
  );
  expect(moduleErrors).toEqual([]);
  expect(cases.map(([type, value], index) => [type, value, errors[index] === undefined])).toEqual(
    cases,
  );
  expect(text).toContain("export type ClearPeopleParams = void;");
  expect(text).toContain("export type ClearPeopleResult = void;");
});

test("an outer join's column has to say whether it is null", async () => {
  const join = (column: string) =>
    `/* Join. */\n/* @name join */\nselect ${column} from people as a left join people as b on a.id = b.id;`;
  const unclear = await compileSql(migration, { joins: join("b.tags") });
  expect(unclear.problems).toMatchObject([
    { file: "queries/joins.sql", line: 3, rule: "outer-join-nullability" },
  ]);
  const clear = await compileSql(migration, { joins: join('b.tags as "tags?"') });
  expect(clear.problems).toEqual([]);
});

test("a lost connection is an error, not the end of the process, and nothing waits for it", async () => {
  const database = await createDatabase();
  const compiler = await QueryCompiler.open(database.connectionString);
  const describe = () =>
    compiler.pgtyped.describe({ query: "select 1 as one", mapping: [], bindings: [] });
  expect(await describe()).toMatchObject({ parameterOids: [] });
  await database.pool.query(
    "select pg_terminate_backend(pid) from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid()",
  );
  await expect(describe()).rejects.toThrow("was lost");
  await compiler.close();
  await database.drop();
});
