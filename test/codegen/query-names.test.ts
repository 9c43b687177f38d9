import path from "node:path";
import { describe, expect, test, vi } from "vitest";
import { compileSql, propertyTypes } from "./support/compile-sql.js";
import { checkAssignments } from "./support/type-verdicts.js";

const labels = [
  "it's",
  'say "hi"',
  "back\\slash",
  "\\u0041",
  "two\nlines",
  "end */ comment",
  "${process.exit(1)}",
  "`",
  ";",
  "';export const injected = 1;//",
  '";export const injected = 1;//',
  "</script>",
  "\u2028",
  "\u{1F600}",
  "ü",
  "",
  " ",
];

const typeNames = [
  "Mixed",
  "mixed",
  "with space",
  "with-dash",
  "with_dash",
  'with"quote',
  "with'quote",
  "new\nline",
  "*/ export const injected = 1; /*",
  "${injected}",
  "1st",
  "class",
  "string",
  "type",
  "Query",
  "QueryIR",
  "PreparedQuery",
  "Interval",
  "Date",
  "Buffer",
  "listAllParams",
  "ListAllResult",
  "listAll",
  "größe",
  "__proto__",
  "constructor",
];

const literal = (text: string) => `'${text.replaceAll("'", "''")}'`;
const identifier = (text: string) => `"${text.replaceAll('"', '""')}"`;
const at = (name: string) => path.resolve("generated/queries", `${name}.ts`);

describe("an enum", () => {
  test("has its labels as they are, whatever is in them", async () => {
    const migration = `create type mood as enum (${labels.map(literal).join(", ")});
      create table people (mood mood not null);`;
    const { problems, module } = await compileSql(migration, {
      people: "/* All. */\n/* @name listAll */\nselect mood from people where mood = :mood!;",
    });
    expect(problems).toEqual([]);
    const text = module("people");
    const assignments = [...labels, "another", "A"].map((value) => ({
      module: at("hostile_labels"),
      text,
      type: "mood",
      value,
    }));
    const { errors, moduleErrors } = checkAssignments(assignments);
    expect(moduleErrors).toEqual([]);
    expect(labels.filter((_, index) => errors[index] !== undefined)).toEqual([]);
    expect(errors.slice(labels.length)).not.toContain(undefined);
    expect(text).not.toMatch(/^export const injected/mu);
  });

  test("has a type of its own, whatever it is named", async () => {
    const types = typeNames.map(
      (name, index) => `create type ${identifier(name)} as enum ('${index}');`,
    );
    const columns = typeNames.map((name, index) => `c${index} ${identifier(name)} not null`);
    const sameName = `create schema other; create type other.mixed as enum ('other');`;
    const migration = `${types.join("\n")}${sameName}
      create table every_name (${columns.join(", ")}, other other.mixed not null, span interval);`;
    const { problems, module } = await compileSql(migration, {
      names: "/* All. */\n/* @name listAll */\nselect * from every_name;",
    });
    expect(problems).toEqual([]);
    const text = module("names");
    const used = propertyTypes(text, "ListAllResult");
    expect(new Set(used.values()).size).toBe(typeNames.length + 2);
    const row = Object.fromEntries(typeNames.map((_, index) => [`c${index}`, String(index)]));
    const rows = [
      { ...row, other: "other", span: null },
      { ...row, other: "mixed", span: null },
    ];
    const assignments = rows.map((value) => ({
      module: at("hostile_types"),
      text,
      type: "ListAllResult",
      value,
    }));
    const { errors, moduleErrors } = checkAssignments(assignments);
    expect(moduleErrors).toEqual([]);
    expect(errors[0]).toBeUndefined();
    expect(errors[1]).toContain("mixed");
    expect(text).not.toMatch(/^export const injected/mu);
  });

  test("without a label is never", async () => {
    const { module } = await compileSql(
      "create type nobody as enum (); create table t (c nobody);",
      {
        none: "/* All. */\n/* @name listAll */\nselect c from t;",
      },
    );
    expect(module("none")).toContain("export type nobody = never;");
  });
});

test("columns and their comments may hold anything", async () => {
  const names = ["it's", 'say "hi"', "back\\slash", "new\nline", "*/ injected", "${a}", "a-b", "ü"];
  const columns = names.map((name) => `${identifier(name)} int not null`);
  const comments = names.map(
    (name) => `comment on column t.${identifier(name)} is '*/ export const injected = 1; /*';`,
  );
  const { problems, module } = await compileSql(
    `create table t (${columns.join(", ")});\n${comments.join("\n")}`,
    { columns: "/* All. */\n/* @name listAll */\nselect * from t;" },
  );
  expect(problems).toEqual([]);
  const text = module("columns");
  const value = Object.fromEntries(names.map((name) => [name, 1]));
  const { errors, moduleErrors } = checkAssignments([
    { module: at("hostile_columns"), text, type: "ListAllResult", value },
  ]);
  expect(moduleErrors).toEqual([]);
  expect(errors).toEqual([undefined]);
});

test("a file's name may hold quotes", async () => {
  const { problems, module } = await compileSql("", {
    [`a";injected();"`]: "/* One. */\n/* @name readOne */\nselect 1 as one;",
  });
  expect(problems).toEqual([]);
  expect(module("index")).toContain(`from './a";injected();".js';`);
});

describe("what can't be named is refused with its place", () => {
  const one = (name: string, sql = "select 1 as one") =>
    `/* One. */\n/* @name ${name} */\n${sql};\n`;

  test.each(["delete", "import", "await", "queries", "eval"])("a query %s", async (name) => {
    const { problems } = await compileSql("", { words: one(name) });
    expect(problems).toMatchObject([{ file: "queries/words.sql", line: 2, rule: "query-name" }]);
  });

  test("two columns of one name", async () => {
    const { problems } = await compileSql("", {
      twice: one("readTwice", `select 1 as "a!", 2 as a`),
    });
    expect(problems).toMatchObject([
      { file: "queries/twice.sql", line: 3, rule: "repeated-column" },
    ]);
    expect(problems[0]?.message).toContain("readTwice");
  });

  test.each(["x -> (...)\n@param x -> (...)", "x -> (a, a)"])(
    "a parameter that is declared twice: %j",
    async (declaration) => {
      const { problems } = await compileSql("", {
        repeated: `/* One. */\n/* @name readOne\n@param ${declaration} */\nselect 1 as one where (1, 1) in (:x!);`,
      });
      expect(problems.map(({ rule }) => rule)).toContain("parameter-name");
      expect(problems.find(({ rule }) => rule === "parameter-name")).toMatchObject({
        file: "queries/repeated.sql",
        line: declaration.includes("\n") ? 5 : 4,
      });
    },
  );

  test("a parameter __proto__, which no object can hold", async () => {
    const { problems } = await compileSql("", {
      proto: one("readProto", `select :__proto__!::int as a`),
    });
    expect(problems).toMatchObject([
      { file: "queries/proto.sql", line: 3, rule: "parameter-name" },
    ]);
  });
});

test("a query is typed by its own name, whatever its capitals", async () => {
  const { problems, module } = await compileSql("", {
    capitals: "/* One. */\n/* @name getURL2Go */\nselect 1 as one;",
  });
  expect(problems).toEqual([]);
  const { moduleErrors } = checkAssignments([
    { module: at("capitals"), text: module("capitals"), type: "GetURL2GoResult", value: {} },
  ]);
  expect(moduleErrors).toEqual([]);
});

describe("types of no parser", () => {
  const migration = `create extension if not exists hstore;
    create type pair as (a int, b int);
    create type mood as enum ('a');
    create table t (plain hstore, list hstore[], moods mood[], pair pair);`;

  test("are strings, with a warning where a structure is lost, and nothing is printed", async () => {
    const printed = vi.spyOn(process.stdout, "write");
    const printedErrors = vi.spyOn(process.stderr, "write");
    const consoles = (["log", "error", "warn"] as const).map((name) => vi.spyOn(console, name));
    const { problems, warnings, module } = await compileSql(migration, {
      texts: `/* All. */\n/* @name listAll */\nselect plain, list, moods,\n pair, row(1, 2) as "row!" from t
        where plain = :plain! and moods = :moods!;
        /* Cast. */\n/* @name listCast */\nselect list::text[] as list, moods::text as moods from t;
        /* None. */\n/* @name notify */\nselect pg_notify('a', 'b');
        /* Statistics. */\n/* @name listValues */\nselect most_common_vals from pg_stats;`,
    });
    for (const spy of [printed, printedErrors, ...consoles]) {
      expect(spy).not.toHaveBeenCalled();
      spy.mockRestore();
    }
    expect(problems).toEqual([]);
    expect(Object.fromEntries(propertyTypes(module("texts"), "ListAllResult"))).toEqual({
      plain: "string | null",
      list: "string | null",
      moods: "string | null",
      pair: "string | null",
      row: "string",
    });
    expect(Object.fromEntries(propertyTypes(module("texts"), "ListAllParams"))).toEqual({
      plain: "string",
      moods: "readonly mood[]",
    });
    expect(Object.fromEntries(propertyTypes(module("texts"), "ListCastResult"))).toEqual({
      list: "string[] | null",
      moods: "string | null",
    });
    expect(propertyTypes(module("texts"), "NotifyResult").get("pg_notify")).toBe("string | null");
    expect(propertyTypes(module("texts"), "ListValuesResult").size).toBe(1);
    const place = { file: "queries/texts.sql", line: 3, rule: "structure-as-text" };
    expect(warnings).toMatchObject([place, place, place, place]);
    expect(warnings?.map(({ message }) => message)).toEqual([
      "Query listAll: column list is a string such as {a,b}, since pg has no parser for hstore[].",
      "Query listAll: column moods is a string such as {a,b}, since pg has no parser for mood[].",
      "Query listAll: column pair is a string such as (a,b), since pg has no parser for pair.",
      "Query listAll: column row is a string such as (a,b), since pg has no parser for record.",
    ]);
    expect(warnings?.[0]?.hint).toContain("text[]");
    expect(warnings?.[2]?.hint).toContain("to_json");
  });
});

describe("broken SQL keeps its file and line", () => {
  test.each([
    ["a syntax error", "select 1 as one\n  wherre true", 4],
    ["an unknown column", "select 1 as one,\n  '\u{1F600}\u{1F600}' as two,\n  three", 5],
    ["an unknown type", "select 1 as one,\n :given!::nothing as two", 4],
  ])("%s", async (_name, sql, line) => {
    const { problems } = await compileSql("", {
      fine: "/* One. */\n/* @name readFine */\nselect 1 as one;",
      broken: `/* One. */\n/* @name readBroken */\n${sql};`,
    });
    expect(problems).toMatchObject([{ file: "queries/broken.sql", rule: "broken-query" }]);
    expect(problems[0]?.line).toBe(line);
  });
});
