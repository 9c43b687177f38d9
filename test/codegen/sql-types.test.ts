import { Client } from "pg";
import {
  Node,
  Project as TypeScriptProject,
  type InterfaceDeclaration,
  SyntaxKind,
  type PropertyName,
} from "ts-morph";
import { afterAll, beforeAll, expect, inject, test } from "vitest";
import { generate } from "../../codegen/index.js";
import { createDatabase, type TestDatabase } from "../support/database.js";
import { Project } from "../support/project.js";
import { literals, unwritable } from "./support/sql-literals.js";

/** Types of a user's own, whose names and labels are hard to write down. */
const label = `a'b"c\\d\n*/ \`\${process.exit(1)}\` \u2028;`;
const ownTypes = `
  create type mood as enum ('sad', 'happy');
  create type "Query" as enum ('one');
  create type "1 class" as enum (${escaped(label)}, '');
  create type "$& e" as enum ('x');
  create type "string" as enum ('y');
  create schema other;
  create type other.mood as enum ('other');
  create domain percent as int check (value between 0 and 100);
  create domain many as int[];
  create domain feeling as mood;
  create type pair as (first int, second text);
  create type span as range (subtype = float8);
  create table "odd names" ("a""b" int not null, "c\\d" int not null, "\${e}" int not null,
    "f""]; process.exit(1);" int not null, "constructor" int not null, "__proto__" int not null);
  comment on column "odd names"."a""b" is '*/ process.exit(1); /*';`;

const ownLiterals: Readonly<Record<string, string>> = {
  mood: "sad",
  '"Query"': "one",
  '"1 class"': "",
  '"$& e"': "x",
  '"string"': "y",
  "other.mood": "other",
  percent: "7",
  many: "{1,2}",
  feeling: "happy",
  pair: "(1,x)",
  span: "[1,2)",
};

let database: TestDatabase;
let client: Client;
let project: Project;
/** The generated interfaces, and the declared enums. */
const declared = new Map<string, InterfaceDeclaration>();
const enums = new Map<string, readonly string[]>();
/** A literal of each type. */
let all: ReadonlyMap<string, string>;

beforeAll(async () => {
  database = await createDatabase();
  client = new Client({ connectionString: database.connectionString });
  await client.connect();
  await client.query(ownTypes);
  const { rows } = await client.query<{ name: string }>(`
    select oid::regtype::text as name from pg_type
    where typnamespace = 'pg_catalog'::regnamespace and typtype in ('b', 'r', 'm') and typcategory <> 'A'`);
  const builtIn = rows.map(({ name }) => name).filter((name) => !unwritable.has(name));
  all = new Map(
    [...builtIn, ...Object.keys(ownLiterals)].map((name) => [
      name,
      ownLiterals[name] ?? literals[name] ?? "",
    ]),
  );
  project = await Project.create({
    "sql/migrations/1.sql": ownTypes,
    "sql/queries/types.sql": [...all.keys()].map((name, index) => toQuery(index, name)).join("\n"),
    "sql/queries/names.sql": oddNames,
  });
  const result = await compile(project);
  expect(result.problems).toEqual([]);
  const modules = new TypeScriptProject({ useInMemoryFileSystem: true });
  for (const name of ["types", "names"]) {
    const file = modules.createSourceFile(
      `${name}.ts`,
      await project.read(`generated/queries/${name}.ts`),
    );
    for (const each of file.getInterfaces()) declared.set(each.getName(), each);
    for (const each of file.getTypeAliases()) {
      const literals = each.getDescendantsOfKind(SyntaxKind.StringLiteral);
      enums.set(
        each.getName(),
        literals.map((literal) => literal.getLiteralValue()),
      );
    }
    expect(modules.getProgram().getSyntacticDiagnostics(file)).toEqual([]);
  }
});
afterAll(async () => {
  await client.end();
  await database.drop();
  await project[Symbol.asyncDispose]();
});

const oddNames = `
/* Reads odd names. */
/* @name readOddNames */
select * from "odd names";

/* An abbreviation. */
/* @name getURL */
select 1 as "one!" where :someID!::int = 1;
`;

/** A query that returns a value of a type, one that returns an array of it, and one that takes both. */
function toQuery(index: number, type: string): string {
  return `
/* Type ${index}. */
/* @name one${index} */
select null::${type} as "value!", null::${type}[] as "array!";

/* Parameters ${index}. */
/* @name take${index} */
select :value!::${type}::text as "value!", :array!::${type}[]::text as "array!";
`;
}

function compile({ folder }: Project) {
  return generate({
    queries: {
      root: folder,
      queries: `${folder}/sql/queries`,
      migrations: `${folder}/sql/migrations`,
      output: `${folder}/generated/queries`,
      migrationsOutput: `${folder}/generated/migrations.ts`,
      connectionString: inject("serverUrl"),
    },
  });
}

/** The declared types of a query's parameters or columns, by name. */
function typesOf(name: string): Readonly<Record<string, string>> {
  const found = declared.get(name);
  if (found === undefined) throw new Error(`Nothing is declared as ${name}.`);
  return Object.fromEntries(
    found
      .getProperties()
      .map((property) => [
        nameOf(property.getNameNode()),
        property.getTypeNodeOrThrow().getText().replaceAll(/\s+/gu, " "),
      ]),
  );
}

function nameOf(node: PropertyName): string {
  return Node.isStringLiteral(node) ? node.getLiteralValue() : node.getText();
}

/** Whether a value that pg returned is of a declared type. */
function isOf(type: string, value: unknown): boolean {
  const element = /^(?<element>.+)\[\]$/u.exec(type)?.groups?.["element"];
  if (element !== undefined)
    return Array.isArray(value) && value.every((each) => isOf(element, each));
  if (type.startsWith("{")) return isObjectOf(type, value);
  if (enums.has(type)) return enums.get(type)?.includes(value as string) === true;
  // Text that nobody parsed would be a string.
  if (type === "unknown") return typeof value === "object";
  if (type === "Date") return value instanceof Date;
  if (type === "Buffer") return Buffer.isBuffer(value);
  return typeof value === type;
}

function isObjectOf(type: string, value: unknown): boolean {
  if (typeof value !== "object" || value === null) return false;
  const methods = Array.from(type.matchAll(/(\w+)\(\)/gu), ([, name]) => name ?? "");
  return (
    Object.entries(value).every(
      ([key, held]) =>
        type.includes(`${key}: ${typeof held}`) || type.includes(`${key}?: ${typeof held}`),
    ) && methods.every((name) => typeof (value as Record<string, unknown>)[name] === "function")
  );
}

/** A value of a parameter's declared type that means what pg returned. */
function toParameter(type: string, literal: string, returned: unknown): unknown {
  const element = /^readonly \((?<element>.+) \| null\)\[\]$/u.exec(type)?.groups?.["element"];
  if (element !== undefined && Array.isArray(returned)) return returned;
  if (element !== undefined) return [toParameter(element, literal, returned), null];
  switch (type) {
    case "number":
      return Number(literal);
    case "number | bigint | string":
      return /^\d+$/u.test(literal) ? BigInt(literal) : Number(literal);
    case "boolean":
    case "Date | string":
      return returned;
    case "Uint8Array":
      return new Uint8Array(returned as Buffer);
    default:
      return literal;
  }
}

test("every type, and the array of it, is declared as what pg returns", async () => {
  const wrong: string[] = [];
  for (const [index, [type, literal]] of [...all].entries()) {
    const row = await readOne(type, literal);
    const { value = "", array = "" } = typesOf(`One${index}Result`);
    if (!isOf(value, row["value"])) wrong.push(`${type}: ${value}, not ${String(row["value"])}`);
    if (!isOf(array, row["array"])) wrong.push(`${type}[]: ${array}, not ${String(row["array"])}`);
  }
  expect(wrong).toEqual([]);
  expect(all.size).toBeGreaterThan(70);
});

test("every type, and the array of it, takes a parameter of the declared type", async () => {
  for (const [index, [type, literal]] of [...all].entries()) {
    const { value: returned } = await readOne(type, literal);
    const types = typesOf(`Take${index}Params`);
    const { rows: expected } = await client.query<{ value: string; array: string }>(
      `select ${quote(literal)}::${type}::text as value, array[${quote(literal)}, null]::${type}[]::text as array`,
    );
    const value = toParameter(types["value"] ?? "", literal, returned);
    const array = toParameter(types["array"] ?? "", expected[0]?.array ?? "", returned);
    const { rows } = await client.query(
      `select $1::${type}::text as value, $2::${type}[]::text as array`,
      [value, Array.isArray(array) ? [value, null] : array],
    );
    expect(rows, type).toEqual(expected);
  }
});

test("types that have no text of their own to be read from are declared as text", async () => {
  const { SqlTypes, keyOf } = await import("../../codegen/queries/sql-types.js");
  const mapping = (await SqlTypes.read(client)).mapping();
  for (const name of unwritable) {
    const { rows } = await client.query<{ oid: string }>(
      "select oid::text from pg_type where typname = $1",
      [name],
    );
    for (const { oid } of rows) expect(mapping[keyOf(oid)]?.return).toEqual({ name: "string" });
  }
});

test("enums of any name and with any label are declared, and none as another", () => {
  expect(enums.get("mood")).toEqual(["sad", "happy"]);
  expect(enums.get("mood2")).toEqual(["other"]);
  expect(enums.get("QueryEnum")).toEqual(["one"]);
  expect(enums.get("StringEnum")).toEqual(["y"]);
  expect(enums.get("Sql1ClassEnum")).toEqual([label, ""]);
});

test("columns of any name are properties", () => {
  expect(Object.keys(typesOf("ReadOddNamesResult"))).toEqual(
    expect.arrayContaining([
      'a"b',
      "c\\d",
      "${e}",
      'f"]; process.exit(1);',
      "constructor",
      "__proto__",
    ]),
  );
  expect(typesOf("GetUrlParams")).toEqual({ someID: "number" });
});

test("two columns of one name, and two queries whose types would have one name, are refused", async () => {
  await using it = await Project.create({
    "sql/migrations/1.sql": "create table jobs (id int not null);",
    "sql/queries/a.sql": `
/* Twice. */
/* @name twice */
select id, id from jobs;

/* One. */
/* @name getURL */
select id from jobs;

/* Other. */
/* @name getUrl */
select id from jobs;
`,
  });
  const { problems } = await compile(it);
  expect(problems.map(({ line, rule }) => [line, rule])).toEqual([
    [4, "duplicate-column"],
    [12, "query-name"],
  ]);
});

async function readOne(type: string, literal: string): Promise<Record<string, unknown>> {
  const { rows } = await client.query<Record<string, unknown>>(
    `select ${quote(literal)}::${type} as value, array[${quote(literal)}]::${type}[] as array`,
  );
  return rows[0] ?? {};
}

function quote(literal: string): string {
  return `'${literal.replaceAll("'", "''")}'`;
}

function escaped(literal: string): string {
  return `E'${literal.replaceAll("\\", "\\\\").replaceAll("'", "\\'").replaceAll("\n", "\\n")}'`;
}
