import type { OutputFile, StageResult } from "../output.js";
import type { Problem } from "../problem.js";
import { compileFile, QueryCompiler, type CompiledFile } from "./compile.js";
import { emitQueries } from "./emit.js";
import { lintSqlFiles, loadSqlFiles } from "./load.js";
import { emitMigrations } from "./migrations.js";
import { prepareScratch } from "./scratch.js";

/** Where the SQL is and where its TypeScript goes; all paths are absolute. */
export interface QueriesOptions {
  /** The project's root, which the paths in messages are relative to. */
  readonly root: string;
  /** Folder of annotated queries. */
  readonly queries: string;
  /** Folder of the migrations that the queries are checked against. */
  readonly migrations: string;
  /** Folder for the generated queries. */
  readonly output: string;
  /** The generated module that carries the migrations. */
  readonly migrationsOutput: string;
  /** A server where a scratch database may be created. */
  readonly connectionString: string;
}

/** Compiles `sql/` into typed queries. */
export async function compileQueries(options: QueriesOptions): Promise<StageResult<Problem>> {
  const { root } = options;
  const migrationFiles = await loadSqlFiles(root, options.migrations, "queries.migrations");
  const queryFiles = await loadSqlFiles(root, options.queries, "queries.source");
  const unread = [...migrationFiles.problems, ...queryFiles.problems];
  if (unread.length > 0) return { files: [], problems: unread };
  const [migrations, sources] = [migrationFiles.files, queryFiles.files];
  const scratch = await prepareScratch(options.connectionString, migrations);
  try {
    if (scratch.problems.length > 0) return { files: [], problems: scratch.problems };
    const problems = lintSqlFiles(sources);
    const compiled: CompiledFile[] = [];
    const warnings: Problem[] = [];
    const compiler = await QueryCompiler.open(scratch.connectionString);
    try {
      for (const source of sources) {
        const result = await compileFile(source, compiler);
        compiled.push(result.compiled);
        for (const each of result.problems) problems.push(each);
        for (const each of result.warnings) warnings.push(each);
      }
    } finally {
      await compiler.close();
    }
    // What is refused may not even be TypeScript, which the formatter would say with a stack trace.
    if (problems.length > 0) return { files: [], problems, warnings };
    const files: OutputFile[] = [
      ...(await emitQueries(compiled, options.output)),
      await emitMigrations(migrations, options.migrationsOutput),
    ];
    return { files, problems, warnings };
  } finally {
    await scratch.drop();
  }
}
