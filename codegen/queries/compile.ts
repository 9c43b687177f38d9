import { parseSQLFile, queryASTToIR, type SQLQueryAST } from "@pgtyped/parser";
import { processSQLQueryIR, type InterpolatedQuery } from "@pgtyped/runtime";
import { Client } from "pg";
import type { Problem } from "../problem.js";
import { TypeCatalogue } from "./catalogue.js";
import type { SqlFile } from "./load.js";
import { Pgtyped, type Description, type Refusal } from "./pgtyped.js";
import { TypeScriptTypes } from "./typescript-types.js";

/** One query of a `.sql` file, typed by the scratch database. */
export interface CompiledQuery {
  readonly name: string;
  readonly typeName: string;
  readonly doc: string;
  readonly ir: unknown;
  /** Declarations of the `…Params` and `…Result` types. */
  readonly typeDeclarations: string;
}

export interface CompiledFile {
  readonly source: SqlFile;
  readonly queries: readonly CompiledQuery[];
  /** Declarations that the queries' types refer to. */
  readonly sharedTypes: string;
  /** Whether the types refer to an interval. */
  readonly usesInterval: boolean;
}

const outerJoin = /\b(left|right|full)\s+(outer\s+)?join\b/iu;

/** What types queries: connections to the scratch database, and what it told of its types so far. */
export class QueryCompiler {
  readonly pgtyped: Pgtyped;
  readonly catalogue: TypeCatalogue;
  readonly #client: Client;

  private constructor(client: Client, pgtyped: Pgtyped) {
    this.#client = client;
    this.pgtyped = pgtyped;
    this.catalogue = new TypeCatalogue(client);
  }

  static async open(connectionString: string): Promise<QueryCompiler> {
    const client = new Client({ connectionString });
    // A connection that is lost between two statements would end the process; the next statement fails.
    client.on("error", () => {});
    // First: pgtyped ends the process when it can't connect.
    await client.connect();
    try {
      return new QueryCompiler(client, await Pgtyped.open(connectionString));
    } catch (error) {
      await client.end();
      throw error;
    }
  }

  async close(): Promise<void> {
    this.pgtyped.close();
    await this.#client.end();
  }
}

/** Types every query of one file; a broken query becomes a problem with its line, not a type. */
export async function compileFile(
  source: SqlFile,
  { pgtyped, catalogue }: QueryCompiler,
): Promise<{ compiled: CompiledFile; problems: Problem[]; warnings: Problem[] }> {
  const { queries: parsed, events } = parseSQLFile(source.text);
  const problems: Problem[] = events.map((event) => ({
    file: source.relativePath,
    line: event.location?.line ?? 1,
    rule: "sql-annotation",
    message: event.message.text,
    hint: "Give each query a `/* @name camelCaseName */` comment and end it with a semicolon; use every parameter that it declares.",
  }));
  const warnings: Problem[] = [];
  const types = new TypeScriptTypes(catalogue);
  const queries: CompiledQuery[] = [];
  for (const ast of parsed) {
    const statement = processSQLQueryIR(queryASTToIR(ast));
    const described = await pgtyped.describe(statement);
    const found = [
      ...checkParameters(source, ast),
      ...checkQuery({ source, ast, statement }, described),
    ];
    for (const each of found) problems.push(each);
    if (found.length > 0 || "message" in described) continue;
    const { parameterOids, columns } = described;
    await catalogue.load([...parameterOids, ...columns.map(({ typeOid }) => typeOid)]);
    for (const each of findTexts(source, ast, described, types)) warnings.push(each);
    const query = toCompiledQuery(source, ast, await pgtyped.declare(ast, described, types));
    const other = queries.find(({ typeName }) => typeName === query.typeName);
    if (other !== undefined) problems.push(sameTypes(source, ast, other));
    queries.push(query);
  }
  const { names } = types;
  const { usesInterval } = names;
  return {
    compiled: { source, queries, sharedTypes: names.declare(), usesInterval },
    problems,
    warnings,
  };
}

interface Checked {
  readonly source: SqlFile;
  readonly ast: SQLQueryAST;
  readonly statement: InterpolatedQuery;
}

function checkQuery(
  { source, ast, statement }: Checked,
  described: Description | Refusal,
): Problem[] {
  const at = { file: source.relativePath, line: ast.statement.loc.line };
  if ("message" in described) {
    return [
      {
        ...at,
        line: at.line + linesBefore(statement.query, described.position),
        rule: "broken-query",
        message: `Query ${ast.name}: ${described.message}`,
        hint: described.hint ?? "Fix the SQL; it was checked against sql/migrations.",
      },
    ];
  }
  const isOuter = outerJoin.test(ast.statement.body);
  const seen = new Set<string>();
  return described.columns.flatMap(({ name, nullable }) => {
    const key = resultName(name);
    const isRepeated = seen.has(key);
    seen.add(key);
    if (name === "?column?") return [{ ...at, ...anonymousColumn(ast.name) }];
    if (isRepeated) return [{ ...at, ...repeatedColumn(ast.name, key) }];
    const isUnclear = isOuter && nullable === false && key === name;
    return isUnclear ? [{ ...at, ...unclearNull(ast.name, name) }] : [];
  });
}

/** Names that one object can't hold: its prototype's, and the same one twice. */
function checkParameters({ relativePath: file }: SqlFile, ast: SQLQueryAST): Problem[] {
  const at = { file, line: ast.statement.loc.line, rule: "parameter-name" };
  const groups = ast.params.flatMap(({ transform }) =>
    "keys" in transform ? [transform.keys.map(({ name }) => name)] : [],
  );
  return [ast.params.map(({ name }) => name), ...groups].flatMap((names) =>
    names.flatMap((name, index) => {
      const message = `Query ${ast.name} has a parameter ${name}`;
      const hint = "Rename the parameter.";
      if (name === "__proto__") {
        return [{ ...at, message: `${message}, which stands for an object's prototype.`, hint }];
      }
      const isRepeated = names.indexOf(name) < index;
      return isRepeated ? [{ ...at, message: `${message} that it declares twice.`, hint }] : [];
    }),
  );
}

type Finding = Omit<Problem, "file" | "line">;

function anonymousColumn(query: string): Finding {
  return {
    rule: "anonymous-column",
    message: `Query ${query} returns a column without a name.`,
    hint: 'Name it: `expression as "name!"` (never null) or `"name?"` (may be null).',
  };
}

function repeatedColumn(query: string, column: string): Finding {
  return {
    rule: "repeated-column",
    message: `Query ${query} returns two columns named ${column}, of which a row holds one.`,
    hint: "Give one of them another name with `as`.",
  };
}

function unclearNull(query: string, column: string): Finding {
  return {
    rule: "outer-join-nullability",
    message: `Query ${query}: column ${column} is not null in its table, but an outer join may make it so.`,
    hint: `Say which: \`as "${column}?"\` (may be null) or \`as "${column}!"\` (never null).`,
  };
}

/** Columns whose values have a structure that pg doesn't read: they are typed truly, as strings. */
function findTexts(
  source: SqlFile,
  ast: SQLQueryAST,
  { columns }: Description,
  types: TypeScriptTypes,
): Problem[] {
  return columns.flatMap(({ name, typeOid }) => {
    const text = types.asText(typeOid);
    if (text === undefined) return [];
    const { sql, shape } = text;
    const isArray = shape === "array";
    return [
      {
        file: source.relativePath,
        line: ast.statement.loc.line,
        rule: "structure-as-text",
        message: `Query ${ast.name}: column ${resultName(name)} is a string such as ${isArray ? "{a,b}" : "(a,b)"}, since pg has no parser for ${sql}.`,
        hint: isArray
          ? "Cast it to `text[]` to get an array of strings, or to `text` to keep the string."
          : "Select its fields, make it JSON with `to_json`, or cast it to `text` to keep the string.",
      },
    ];
  });
}

/** How many lines of the statement come before PostgreSQL's one-based error position. */
function linesBefore(statement: string, position: number): number {
  // PostgreSQL counts characters, JavaScript's strings count a rare one as two.
  const before = Array.from(statement).slice(0, Math.max(0, position - 1));
  return before.filter((character) => character === "\n").length;
}

function sameTypes(source: SqlFile, ast: SQLQueryAST, other: CompiledQuery): Problem {
  return {
    file: source.relativePath,
    line: ast.statement.loc.line,
    rule: "query-name",
    message: `The types of the queries ${other.name} and ${ast.name} would both be named ${other.typeName}.`,
    hint: "Rename one of the two, or move it into another file.",
  };
}

/** A column's name in the rows: pgtyped's runtime takes off the mark. */
function resultName(name: string): string {
  return name.replace(/[!?]$/u, "");
}

/** pgtyped's own spelling of a query's name: `getURL` becomes `GetUrl`. */
const declaredName = /^export (?:interface|type) (?<name>\w+)Params\b/mu;

function toCompiledQuery(
  source: SqlFile,
  ast: SQLQueryAST,
  typeDeclarations: string,
): CompiledQuery {
  return {
    name: ast.name,
    typeName: declaredName.exec(typeDeclarations)?.groups?.["name"] ?? ast.name,
    doc: source.annotations.find(({ name }) => name === ast.name)?.doc ?? "",
    ir: queryASTToIR(ast),
    typeDeclarations,
  };
}
