import { readFile } from "node:fs/promises";
import path from "node:path";
import { Client } from "pg";
import { afterAll, beforeAll, expect, test } from "vitest";
import { createDatabase, type TestDatabase } from "../support/database.js";
import { compileSql, propertyTypes, type CompiledSql } from "./support/compile-sql.js";
import { ownTypes, sqlSamples, unwritable } from "./support/sql-samples.js";
import { checkAssignments } from "./support/type-verdicts.js";

/** A type that a column can have, and a value of it. */
interface Subject {
  /** Of the column, of the parameter. */
  readonly key: string;
  readonly sql: string;
  readonly isArray: boolean;
  /** The value, or an array's element; undefined for a type that takes none. */
  readonly sample: string | undefined;
  readonly element: string;
}

let database: TestDatabase;
// With pg's own parsers, whatever the tests' pool has.
let client: Client;
let subjects: Subject[];
let compiled: CompiledSql;

const settings = "set time zone 'UTC'; set lc_monetary = 'C';";

beforeAll(async () => {
  database = await createDatabase();
  client = new Client({ connectionString: database.connectionString });
  await client.connect();
  await client.query(settings);
  await client.query(ownTypes);
  subjects = await findSubjects();
  const columns = subjects.map(({ key, sql }) => `${key} ${sql}`);
  const parameters = subjects.map(({ key, sql }) => `:${key}!::${sql} as ${key}`);
  compiled = await compileSql(`${ownTypes}create table every_type (${columns.join(", ")});`, {
    every_type: `/* All. */\n/* @name readAll */\nselect * from every_type;\n
      /* All. */\n/* @name giveAll */\nselect ${parameters.join(",\n")};\n`,
  });
});

afterAll(async () => {
  await client.end();
  await database.drop();
});

/** Every type of the server, save the rows of its own tables, with its array. */
async function findSubjects(): Promise<Subject[]> {
  const { rows } = await client.query<{ name: string; type: string; array: string; kind: string }>(
    `select typname::text as name, format_type(oid, null) as type, format_type(typarray, null) as array,
       typtype::text as kind
     from pg_type
     where typtype in ('b', 'e', 'r', 'm', 'd', 'c') and typarray <> 0
       and (typtype <> 'c' or typnamespace = 'public'::regnamespace)
     order by oid`,
  );
  return rows.flatMap(({ name, type, array, kind }, index) => {
    const range = kind === "r" ? "empty" : kind === "m" ? "{}" : undefined;
    const sample = range ?? sqlSamples[name];
    if (sample === undefined && !unwritable.includes(name)) throw new Error(`No value of ${name}.`);
    // Else bpchar and bit are of the length that a value happens to have.
    const sql = name === "bpchar" ? "bpchar" : name === "char" ? '"char"' : type;
    const shared = { sample, element: sql };
    return [
      { ...shared, key: `t${index}`, sql, isArray: false },
      { ...shared, key: `a${index}`, sql: name === "bpchar" ? "bpchar[]" : array, isArray: true },
    ];
  });
}

test("covers every type of the server with its array", () => {
  expect(subjects.length).toBeGreaterThan(150);
  expect(compiled.problems).toEqual([]);
  const results = propertyTypes(compiled.module("every_type"), "ReadAllResult");
  expect(results.size).toBe(subjects.length);
});

test("a column's type is that of what pg returns", async () => {
  const results = propertyTypes(compiled.module("every_type"), "ReadAllResult");
  const said: Record<string, unknown> = {};
  const returned: Record<string, unknown> = {};
  for (const subject of subjects) {
    const type = results.get(subject.key)?.replace(/ \| null$/u, "");
    if (subject.sample === undefined) {
      expect(type, subject.sql).toBe("string");
      continue;
    }
    const value = await read(subject);
    said[subject.sql] = type === "mood" ? "string" : type;
    returned[subject.sql] = typeOf(value);
  }
  expect(said).toEqual(returned);
});

test("a parameter's type is what pg writes as PostgreSQL reads it, each alternative", async () => {
  const types = propertyTypes(compiled.module("every_type"), "GiveAllParams");
  const given: Record<string, string | null> = {};
  const expected: Record<string, string | null> = {};
  for (const subject of subjects) {
    const { key, sql, isArray, sample } = subject;
    if (sample === undefined) continue;
    const text = await askText(`($1::text::${sql})::text`, isArray ? listOf(sample) : sample);
    const type = types.get(key) ?? "";
    const isList = type.startsWith("readonly ");
    for (const name of type.replace(/^readonly \(?(.*?)\)?\[\]$/u, "$1").split(" | ")) {
      const item = isList && !isArray ? sample.slice(1, -1) : sample;
      const value = isArray && !isList ? text : await valueOf(name, subject, item);
      const label = `${sql} as ${name}`;
      given[label] = await askText(`($1::${sql})::text`, isList ? [value] : value);
      expected[label] = text;
    }
  }
  expect(given).toEqual(expected);
  // Boxes are parted by semicolons, which pg doesn't write.
  const lists = subjects.filter(({ key, isArray }) => isArray && !types.get(key)?.endsWith("[]"));
  expect(lists.map(({ sql }) => sql)).toEqual(["box[]"]);
});

test("the module compiles", () => {
  const module = path.resolve("generated/queries/every_type.ts");
  const { moduleErrors } = checkAssignments([
    { module, text: compiled.module("every_type"), type: "ReadAllResult", value: {} },
  ]);
  expect(moduleErrors).toEqual([]);
});

test("the documentation's table is true", async () => {
  const page = await readFile("docs/queries.md", "utf8");
  const [results, parameters] = ["ReadAllResult", "GiveAllParams"].map((name) =>
    propertyTypes(compiled.module("every_type"), name),
  );
  const cells = (row: string) => row.split(/(?<!\\)\|/u).map((cell) => cell.replaceAll("\\|", "|"));
  const code = (cell = "") => [...cell.matchAll(/`([^`]+)`/gu)].map(([, text]) => text ?? "");
  const rows = page.split("\n").filter((line) => line.startsWith("| `"));
  expect(rows.length).toBeGreaterThan(10);
  for (const [, names, column, parameter] of rows.map(cells)) {
    for (const name of code(names)) {
      const key = subjects.find(({ sql }) => sql === name)?.key ?? name;
      expect(results?.get(key)?.replace(/ \| null$/u, ""), name).toBe(code(column)[0]);
      if (code(parameter).length > 0) expect(parameters?.get(key), name).toBe(code(parameter)[0]);
    }
  }
});

async function read({ isArray, sql, sample = "" }: Subject): Promise<unknown> {
  const { rows } = await client.query<{ value: unknown }>(`select $1::text::${sql} as value`, [
    isArray ? listOf(sample) : sample,
  ]);
  return rows[0]?.value;
}

/** An array of one element, as PostgreSQL writes it. */
function listOf(sample: string): string {
  return `{"${sample.replaceAll(/["\\]/gu, String.raw`\$&`)}"}`;
}

async function askText(expression: string, value: unknown): Promise<string | null> {
  const { rows } = await client.query<{ text: string }>(`select ${expression} as text`, [value]);
  return rows[0]?.text ?? null;
}

/** A value as TypeScript would type it; objects of JSON are whatever they are. */
function typeOf(value: unknown): string {
  if (Array.isArray(value)) return `${typeOf(value[0])}[]`;
  if (typeof value !== "object" || value === null) return typeof value;
  if (Buffer.isBuffer(value)) return "Buffer";
  if (value instanceof Date) return "Date";
  if ("toPostgres" in value) return "Interval";
  if ("a" in value) return "unknown";
  const properties = Object.entries(value).map(([name, each]) => `${name}: ${typeof each}`);
  return `{ ${properties.join("; ")} }`;
}

/** The sample as a value of a type. */
async function valueOf(type: string, subject: Subject, sample: string): Promise<unknown> {
  switch (type) {
    case "string":
    case "mood":
      return sample;
    case "number":
      return Number(sample);
    case "bigint":
      return BigInt(sample);
    case "boolean":
      return sample === "t";
    case "Date":
    case "Interval":
      return read({ ...subject, sql: subject.element, isArray: false });
    case "Uint8Array":
      return Uint8Array.from(Buffer.from(sample.slice(2), "hex"));
    default:
      throw new Error(`${subject.sql} is typed as ${type}.`);
  }
}
