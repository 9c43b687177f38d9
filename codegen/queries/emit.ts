import path from "node:path";
import { formatTypeScript, generatedHeader } from "../format.js";
import type { OutputFile } from "../output.js";
import type { CompiledFile, CompiledQuery } from "./compile.js";

/** One module for each `.sql` file, and one that gathers all queries. */
export function emitQueries(files: readonly CompiledFile[], folder: string): Promise<OutputFile[]> {
  const withQueries = files.filter(({ queries }) => queries.length > 0);
  return Promise.all([
    ...withQueries.map(async (file) => ({
      path: path.join(folder, `${file.source.subject}.ts`),
      text: await formatTypeScript(emitFile(file)),
    })),
    emitQueryType(folder),
    emitIndex(withQueries, folder),
  ]);
}

function emitFile({ source, queries, sharedTypes, usesInterval }: CompiledFile): string {
  return [
    generatedHeader(source.relativePath),
    `import { PreparedQuery } from "@pgtyped/runtime";`,
    `import type { ${usesInterval ? "Interval, Query" : "Query"} } from "./query.js";\n`,
    "type QueryIR = ConstructorParameters<typeof PreparedQuery>[0];\n",
    sharedTypes,
    ...queries.map(emitQuery),
  ].join("\n");
}

function emitQuery({ name, typeName, doc, ir, typeDeclarations }: CompiledQuery): string {
  const purpose = doc.replaceAll("*/", "*\\/").split("\n").join("\n * ");
  return [
    typeDeclarations,
    `/**\n * ${purpose}\n */`,
    `export const ${name}: Query<${typeName}Params, ${typeName}Result> = new PreparedQuery(`,
    `${JSON.stringify(ir)} as unknown as QueryIR);\n`,
  ].join("\n");
}

/** Of its own, so that declarations made of this code don't lead to pgtyped's, and on to its parser's. */
async function emitQueryType(folder: string): Promise<OutputFile> {
  const text = `${generatedHeader("no query")}
/** A query that pgtyped compiled: runs on anything with \`query(text, values)\`. */
export interface Query<Params, Row> {
  run(
    params: Params,
    connection: { query(text: string, values: unknown[]): Promise<{ rows: unknown[]; rowCount: number }> },
  ): Promise<Row[]>;
}

/** An interval as pg reads and writes it; a part that is zero is absent. */
export interface Interval {
  years?: number;
  months?: number;
  days?: number;
  hours?: number;
  minutes?: number;
  seconds?: number;
  milliseconds?: number;
  toPostgres(): string;
  toISO(): string;
  toISOString(): string;
}
`;
  return { path: path.join(folder, "query.ts"), text: await formatTypeScript(text) };
}

async function emitIndex(files: readonly CompiledFile[], folder: string): Promise<OutputFile> {
  const imports = files.map(
    ({ source, queries }) =>
      `import { ${queries.map(({ name }) => name).join(", ")} } from ${JSON.stringify(`./${source.subject}.js`)};`,
  );
  const names = files.flatMap(({ queries }) => queries.map(({ name }) => name));
  const sources =
    files.length === 0 ? "no query" : files.map((f) => f.source.relativePath).join(", ");
  const text = [
    generatedHeader(sources),
    ...imports,
    "/** Every query, by name. */",
    `export const queries = { ${names.join(", ")} };`,
  ].join("\n");
  return { path: path.join(folder, "index.ts"), text: await formatTypeScript(text) };
}
