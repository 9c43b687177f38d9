import path from "node:path";
import type { OutputFile } from "../output.js";
import type { Problem } from "../problem.js";
import { relativePath, type SourceText } from "../read.js";
import { emitGraphileWorker } from "./emit/graphile-worker.js";
import { emitRegistry } from "./emit/registry.js";
import { emitTask } from "./emit/task.js";
import { identify, type TaskIdentity } from "./identity.js";
import type { TasksOptions } from "./index.js";
import { lintFile, type LintedFile } from "./lint.js";
import { parseSchemas, type SchemaFile } from "./load.js";
import { buildModel } from "./model.js";
import type { Finding } from "./rule.js";
import { emitValidator } from "./validator.js";

/** One task's output, and what must be known of it beside other tasks. */
export interface CompiledTask {
  readonly identity: TaskIdentity;
  /** The types that its module exports. */
  readonly typeNames: readonly string[];
  readonly warnings: readonly Problem[];
  readonly files: readonly OutputFile[];
}

/** Schema files that were read and judged. */
export interface LintedSources {
  readonly linted: readonly LintedFile[];
  readonly problems: readonly Problem[];
  readonly warnings: readonly Problem[];
}

export function lintSources(sources: readonly SourceText[], options: TasksOptions): LintedSources {
  const { files, problems } = parseSchemas(sources);
  const linted = files.map((file) => lintFile(file, options.checkSchedule, options.reading));
  const found = linted.flatMap(({ source, findings }) =>
    findings.map((each) => toProblem(source, each)),
  );
  return {
    linted,
    problems: [...problems, ...found],
    warnings: linted.flatMap(warningsOf),
  };
}

/** Compiles a file that has no findings. */
export async function compileTask(
  linted: LintedFile,
  options: TasksOptions,
): Promise<CompiledTask> {
  const model = await buildModel(linted);
  const file = `${model.names.file}.ts`;
  const { relativePath: source } = model.source;
  return {
    identity: identify(linted),
    typeNames: model.types.names,
    warnings: warningsOf(linted),
    files: [
      { path: path.join(options.output, file), text: await emitTask(model, options) },
      {
        path: path.join(options.output, "validators", file),
        text: emitValidator(source, model.validator),
      },
    ],
  };
}

/** The modules that gather all tasks. */
export async function compileRegistry(
  tasks: readonly TaskIdentity[],
  { root, schemas, output, graphileWorker }: TasksOptions,
): Promise<OutputFile[]> {
  const folder = relativePath(root, schemas);
  const files = [{ path: path.join(output, "index.ts"), text: await emitRegistry(tasks, folder) }];
  if (graphileWorker === true) {
    const text = await emitGraphileWorker(tasks, folder);
    files.push({ path: path.join(output, "graphile-worker.ts"), text });
  }
  return files;
}

function warningsOf({ source, warnings }: LintedFile): Problem[] {
  return warnings.map((each) => toProblem(source, each));
}

function toProblem({ relativePath, document }: SchemaFile, finding: Finding): Problem {
  return { file: relativePath, ...document.position(finding.pointer), ...finding };
}
