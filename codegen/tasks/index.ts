import path from "node:path";
import type { OutputFile, StageResult } from "../output.js";
import type { Problem } from "../problem.js";
import { relativePath } from "../read.js";
import type { ReadingOptions } from "./convert/index.js";
import type { ScheduleCheck } from "./cron.js";
import { emitGraphileWorker } from "./emit/graphile-worker.js";
import { emitRegistry } from "./emit/registry.js";
import { emitTask } from "./emit/task.js";
import { findCollisions, findNameClashes } from "./collisions.js";
import { lintFile } from "./lint.js";
import { loadSchemas, type SchemaFile } from "./load.js";
import { buildModel, type TaskModel } from "./model.js";
import type { Finding } from "./rule.js";
import { emitValidator } from "./validator.js";

/** Where the schemas are and where their TypeScript goes; paths are absolute. */
export interface TasksOptions {
  /** The project's root, which the paths in messages are relative to. */
  readonly root: string;
  readonly schemas: string;
  readonly output: string;
  /** Unquoted name of the database schema that the plain helpers use. */
  readonly schema: string;
  /** Whether to also write what a project that runs Node's graphile-worker needs. Default false. */
  readonly graphileWorker?: boolean;
  /** Finds what is wrong with a schedule of `x-task.cron`. */
  readonly checkSchedule: ScheduleCheck;
  /** How schemas are read: in strict mode, and with formats of one's own. */
  readonly reading?: ReadingOptions;
}

/** Compiles `schemas/` into tasks. */
export async function compileTasks(options: TasksOptions): Promise<StageResult<Problem>> {
  const { files: sources, problems } = await loadSchemas(options.root, options.schemas);
  const linted = sources.map((source) => lintFile(source, options.checkSchedule, options.reading));
  const warnings: Problem[] = [];
  for (const { source, findings, warnings: mild } of linted) {
    for (const finding of findings) problems.push(toProblem(source, finding));
    for (const warning of mild) warnings.push(toProblem(source, warning));
  }
  for (const each of findCollisions(linted)) problems.push(each);
  if (problems.length > 0) {
    return { files: [], problems: sortProblems(problems), warnings: sortProblems(warnings) };
  }
  const models = await Promise.all(linted.map(buildModel));
  for (const each of findNameClashes(models)) problems.push(each);
  const files = await emitTasks(models, options);
  return { files, problems, warnings: sortProblems(warnings) };
}

/** As a reader comes by them: by file, then by line. */
function sortProblems(problems: readonly Problem[]): Problem[] {
  const key = ({ file, line = 0, column = 0 }: Problem) =>
    [file, ...[line, column].map((count) => String(count).padStart(9, "0"))].join("\0");
  return problems.toSorted((a, b) => (key(a) < key(b) ? -1 : key(a) > key(b) ? 1 : 0));
}

function toProblem({ relativePath, document }: SchemaFile, finding: Finding): Problem {
  return { file: relativePath, ...document.position(finding.pointer), ...finding };
}

async function emitTasks(
  models: readonly TaskModel[],
  options: TasksOptions,
): Promise<OutputFile[]> {
  const { root, schemas, output } = options;
  const folder = relativePath(root, schemas);
  const files = await Promise.all(
    models.map(async (model) => [
      { path: path.join(output, `${model.names.file}.ts`), text: await emitTask(model, options) },
      {
        path: path.join(output, "validators", `${model.names.file}.ts`),
        text: emitValidator(model.source.relativePath, model.validator),
      },
    ]),
  );
  const gathered = [{ name: "index.ts", text: await emitRegistry(models, folder) }];
  if (options.graphileWorker === true) {
    gathered.push({ name: "graphile-worker.ts", text: await emitGraphileWorker(models, folder) });
  }
  return [
    ...files.flat(),
    ...gathered.map(({ name, text }) => ({ path: path.join(output, name), text })),
  ];
}
