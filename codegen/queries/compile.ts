import type { IParseError, IQueryTypes } from "@pgtyped/query";
import { parseSQLFile, queryASTToIR, type SQLQueryAST } from "@pgtyped/parser";
import { processSQLQueryIR } from "@pgtyped/runtime";
import type { Problem } from "../problem.js";
import type { SqlFile } from "./load.js";
import type { Pgtyped } from "./pgtyped.js";

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
}

const outerJoin = /\b(left|right|full)\s+(outer\s+)?join\b/iu;
const generatorConfig = { hungarianNotation: false, failOnError: true };

/** Types every query of one file; a broken query becomes a problem with its line, not a type. */
export async function compileFile(
  source: SqlFile,
  pgtyped: Pgtyped,
): Promise<{ compiled: CompiledFile; problems: Problem[] }> {
  const { queries: parsed, events } = parseSQLFile(source.text);
  const problems: Problem[] = events.map((event) => ({
    file: source.relativePath,
    line: event.location?.line ?? 1,
    rule: "sql-annotation",
    message: event.message.text,
    hint: "Give each query a `/* @name camelCaseName */` comment and end it with a semicolon; use every parameter that it declares.",
  }));
  const types = pgtyped.newTypes();
  const queries: CompiledQuery[] = [];
  for (const ast of parsed) {
    const described = await pgtyped.describe(processSQLQueryIR(queryASTToIR(ast)));
    const found = checkQuery(source, ast, described);
    for (const each of found) problems.push(each);
    if (found.length === 0) {
      const typeDeclarations = await pgtyped.generator.queryToTypeDeclarations(
        { ast, mode: pgtyped.generator.ProcessingMode.SQL },
        () => Promise.resolve(described),
        types,
        generatorConfig,
      );
      const query = toCompiledQuery(source, ast, typeDeclarations);
      const other = queries.find(({ typeName }) => typeName === query.typeName);
      if (other !== undefined) problems.push(sameTypes(source, ast, other));
      queries.push(query);
    }
  }
  const sharedTypes = pgtyped.declareTypes(types);
  return { compiled: { source, queries, sharedTypes }, problems };
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

function checkQuery(
  source: SqlFile,
  ast: SQLQueryAST,
  described: IQueryTypes | IParseError,
): Problem[] {
  const at = { file: source.relativePath, line: ast.statement.loc.line };
  if ("errorCode" in described) {
    return [
      {
        ...at,
        line: at.line + linesBefore(ast, described.position),
        rule: "broken-query",
        message: `Query ${ast.name}: ${described.message}`,
        hint: described.hint ?? "Fix the SQL; it was checked against sql/migrations.",
      },
    ];
  }
  const problems: Problem[] = [];
  const isOuter = outerJoin.test(ast.statement.body);
  const seen = new Set<string>();
  for (const { returnName, columnName, nullable } of described.returnTypes) {
    const property = returnName.replace(/[!?]$/u, "");
    if (seen.has(property)) {
      problems.push({
        ...at,
        rule: "duplicate-column",
        message: `Query ${ast.name} returns two columns named ${property}, of which pg gives one.`,
        hint: `Rename one of them: \`as "other_name"\`.`,
      });
    }
    seen.add(property);
    if (returnName === "?column?") {
      problems.push({
        ...at,
        rule: "anonymous-column",
        message: `Query ${ast.name} returns a column without a name.`,
        hint: 'Name it: `expression as "name!"` (never null) or `"name?"` (may be null).',
      });
    } else if (isOuter && columnName && nullable === false && !/[!?]$/u.test(returnName)) {
      problems.push({
        ...at,
        rule: "outer-join-nullability",
        message: `Query ${ast.name}: column ${returnName} is not null in its table, but an outer join may make it so.`,
        hint: `Say which: \`as "${returnName}?"\` (may be null) or \`as "${returnName}!"\` (never null).`,
      });
    }
  }
  return problems;
}

/** How many lines of the statement come before PostgreSQL's one-based error position. */
function linesBefore(ast: SQLQueryAST, position: string | undefined): number {
  const { query } = processSQLQueryIR(queryASTToIR(ast));
  return query.slice(0, Math.max(0, Number(position ?? 1) - 1)).split("\n").length - 1;
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
