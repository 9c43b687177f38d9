import type { OutputFile, StageResult } from "./output.js";
import type { Problem } from "./problem.js";
import type { QueriesOptions } from "./queries/index.js";
import { relativePath } from "./read.js";
import type { TasksOptions } from "./tasks/index.js";
import { carryOut, planWrites, type Obstacle, type StaleFile, type WritePlan } from "./write.js";

export { formatProblem, type Problem } from "./problem.js";
export type { StaleFile } from "./write.js";

/** What to compile. A part that is absent is left alone, and its packages aren't loaded. */
export interface CodegenOptions {
  readonly tasks?: TasksOptions;
  readonly queries?: QueriesOptions;
  /** Whether to overwrite and remove also files that codegen didn't write, or not as they are. */
  readonly force?: boolean;
}

export interface CodegenResult {
  /** When there is any, nothing was written. */
  readonly problems: readonly Problem[];
  /** What is compiled, but may not be what was meant. */
  readonly warnings: readonly Problem[];
  /** Files that were written, or, in a check, that would have been. */
  readonly changed: readonly StaleFile[];
}

/** Compiles everything and writes what changed. With a problem anywhere, nothing is written. */
export async function generate(options: CodegenOptions): Promise<CodegenResult> {
  const { plan, problems, warnings } = await compile(options);
  if (plan === undefined || problems.length > 0) return { problems, warnings, changed: [] };
  const obstacles = toProblems(options, plan, options.force === true ? ["blocked"] : undefined);
  if (obstacles.length > 0) return { problems: obstacles, warnings, changed: [] };
  await carryOut(plan);
  return { problems: [], warnings, changed: plan.stale };
}

/** Compiles everything and says which files on disk differ, without touching them. */
export async function check(options: CodegenOptions): Promise<CodegenResult> {
  const { plan, problems, warnings } = await compile(options);
  if (plan === undefined || problems.length > 0) return { problems, warnings, changed: [] };
  // A file that was edited is stale, which is what a check tells.
  const obstacles = toProblems(options, plan, ["blocked"]);
  return { problems: obstacles, warnings, changed: obstacles.length > 0 ? [] : plan.stale };
}

async function compile({ tasks, queries }: CodegenOptions): Promise<{
  readonly plan?: WritePlan;
  readonly problems: readonly Problem[];
  readonly warnings: readonly Problem[];
}> {
  const folders = new Map<string, OutputFile[]>();
  const problems: Problem[] = [];
  const warnings: Problem[] = [];
  const take = (folder: string, result: StageResult<Problem>) => {
    folders.set(folder, [...(folders.get(folder) ?? []), ...result.files]);
    for (const each of result.problems) problems.push(each);
    for (const each of result.warnings ?? []) warnings.push(each);
  };
  if (tasks !== undefined) {
    const { compileTasks } = await import("./tasks/index.js");
    take(tasks.output, await compileTasks(tasks));
  }
  if (queries !== undefined) {
    const { compileQueries } = await import("./queries/index.js");
    take(queries.output, await compileQueries(queries));
  }
  if (problems.length > 0) return { problems, warnings };
  const outputs = [...folders].map(([folder, files]) => ({ folder, files }));
  return { plan: await planWrites(outputs), problems, warnings };
}

const descriptions: Readonly<Record<Obstacle["kind"], Omit<Problem, "file">>> = {
  foreign: {
    rule: "foreign-file",
    message: "Output belongs here, but codegen has no record of writing the file that is here.",
    hint: "Move it away, give codegen another output folder, or pass --force to lose it.",
  },
  edited: {
    rule: "edited-file",
    message: "The file has changed since codegen wrote it.",
    hint: "Move the changes elsewhere and restore or remove the file, or pass --force to lose them.",
  },
  blocked: {
    rule: "foreign-file",
    message: "Output belongs here, but what is here was not generated.",
    hint: "Move it away, or give codegen another output folder.",
  },
};

function toProblems(
  { tasks, queries }: CodegenOptions,
  { obstacles }: WritePlan,
  kinds: readonly Obstacle["kind"][] = ["foreign", "edited", "blocked"],
): Problem[] {
  const root = tasks?.root ?? queries?.root ?? "";
  return obstacles
    .filter(({ kind }) => kinds.includes(kind))
    .map(({ path, kind }) => ({ file: relativePath(root, path), ...descriptions[kind] }));
}
