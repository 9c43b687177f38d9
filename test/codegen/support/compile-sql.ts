import path from "node:path";
import { inject } from "vitest";
import type { StageResult } from "../../../codegen/output.js";
import type { Problem } from "../../../codegen/problem.js";
import { compileQueries } from "../../../codegen/queries/index.js";
import { Project } from "../../support/project.js";

export interface CompiledSql extends StageResult<Problem> {
  /** The text of a generated module, by its name without an ending. */
  readonly module: (name: string) => string;
}

/** Compiles migrations and queries, given by their file names, as a project's. */
export async function compileSql(
  migrations: string,
  queries: Readonly<Record<string, string>>,
): Promise<CompiledSql> {
  const named = Object.entries(queries).map(([name, text]) => [`queries/${name}.sql`, text]);
  await using project = await Project.create({
    "migrations/1.sql": migrations,
    ...Object.fromEntries(named),
  });
  const at = (name: string) => path.join(project.folder, name);
  const result = await compileQueries({
    root: project.folder,
    queries: at("queries"),
    migrations: at("migrations"),
    output: at("output"),
    migrationsOutput: at("migrations.ts"),
    connectionString: inject("serverUrl"),
  });
  const module = (name: string) => {
    const file = result.files.find((each) => each.path === at(`output/${name}.ts`));
    if (file === undefined) throw new Error(`Nothing was generated for ${name}.`);
    return file.text;
  };
  return { ...result, module };
}

/** The types of an interface's properties, by their names. */
export function propertyTypes(module: string, name: string): Map<string, string> {
  const body = new RegExp(String.raw`interface ${name} \{\n([\s\S]*?)\n\}`, "u").exec(module)?.[1];
  const lines = (body ?? "").matchAll(/^ {2}(\w+)\??: ([\s\S]*?);$/gmu);
  return new Map([...lines].map(([, property = "", type = ""]) => [property, type]));
}
