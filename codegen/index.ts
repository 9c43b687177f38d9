import path from "node:path";
import type { OutputFile } from "./output.js";
import type { Problem } from "./problem.js";
import type { QueriesOptions } from "./queries/index.js";
import { relativePath } from "./read.js";
import type { TasksOptions } from "./tasks/index.js";
import { findForeign, findStale, writeFiles, type StaleFile } from "./write.js";

export { formatProblem, type Problem } from "./problem.js";
export type { StaleFile } from "./write.js";

/** What to compile. A part that is absent is left alone, and its packages aren't loaded. */
export interface CodegenOptions {
  readonly tasks?: TasksOptions;
  readonly queries?: QueriesOptions;
}

export interface CodegenResult {
  /** When there is any, nothing was written. */
  readonly problems: readonly Problem[];
  /** Files that were written, or, in a check, that would have been. */
  readonly changed: readonly StaleFile[];
}

/** Compiles everything and writes what changed. With a problem anywhere, nothing is written. */
export async function generate(options: CodegenOptions): Promise<CodegenResult> {
  const { files, folders, problems } = await compile(options);
  if (problems.length > 0) return { problems, changed: [] };
  return { problems, changed: await writeFiles(files, folders) };
}

/** Compiles everything and says which files on disk differ, without touching them. */
export async function check(options: CodegenOptions): Promise<CodegenResult> {
  const { files, folders, problems } = await compile(options);
  if (problems.length > 0) return { problems, changed: [] };
  return { problems, changed: await findStale(files, folders) };
}

async function compile({ tasks, queries }: CodegenOptions) {
  const files: OutputFile[] = [];
  const folders: string[] = [];
  const problems: Problem[] = [];
  if (tasks !== undefined) {
    const { compileTasks } = await import("./tasks/index.js");
    const result = await compileTasks(tasks);
    for (const each of result.files) files.push(each);
    folders.push(tasks.output, path.join(tasks.output, "validators"));
    for (const each of result.problems) problems.push(each);
  }
  if (queries !== undefined) {
    const { compileQueries } = await import("./queries/index.js");
    const result = await compileQueries(queries);
    for (const each of result.files) files.push(each);
    folders.push(queries.output);
    for (const each of result.problems) problems.push(each);
  }
  const root = tasks?.root ?? queries?.root ?? "";
  for (const file of await findForeign(files, folders)) {
    problems.push({
      file: relativePath(root, file),
      rule: "foreign-file",
      message: "Output belongs here, but the file that is here was not generated.",
      hint: "Move it away, or give codegen another output folder.",
    });
  }
  return { files, folders, problems };
}
