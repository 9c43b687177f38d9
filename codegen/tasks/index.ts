import path from "node:path";
import type { OutputFile, StageResult } from "../output.js";
import type { Problem } from "../problem.js";
import { createAjv } from "./ajv.js";
import { emitRegistry } from "./emit/registry.js";
import { emitTask } from "./emit/task.js";
import { loadSchemas } from "./load.js";
import { buildModel, type TaskModel } from "./model.js";
import type { SchemaObject } from "./node.js";
import { readDefaults } from "./options.js";
import { References } from "./reference.js";
import { TypeReader } from "./types/read.js";
import { emitValidator } from "./validator.js";

/** Where the schemas are and where their TypeScript goes; paths are absolute. */
export interface TasksOptions {
  /** The project's root, which the paths in messages are relative to. */
  readonly root: string;
  readonly schemas: string;
  readonly output: string;
  /** Unquoted name of the database schema that the plain helpers use. */
  readonly schema: string;
}

/** Compiles `schemas/` into tasks. */
export async function compileTasks(options: TasksOptions): Promise<StageResult<Problem>> {
  const { files, problems } = await loadSchemas(options.root, options.schemas);
  const models: TaskModel[] = [];
  for (const source of files) {
    const schema = source.document.value as SchemaObject;
    const { defaults } = readDefaults(schema["x-task"]);
    const reader = new TypeReader(schema, new References(schema));
    const root = reader.definition("");
    const isPayloadOptional = defaults.batch === undefined && createAjv(schema).compile(schema)({});
    models.push(await buildModel({ source, defaults, root, isPayloadOptional }));
  }
  const outputs: OutputFile[] = [];
  for (const model of models) {
    const { names, source } = model;
    outputs.push({
      path: path.join(options.output, `${names.file}.ts`),
      text: await emitTask(model, options),
    });
    outputs.push({
      path: path.join(options.output, "validators", `${names.file}.ts`),
      text: emitValidator(source.document.value as SchemaObject, source.relativePath),
    });
  }
  outputs.push({
    path: path.join(options.output, "index.ts"),
    text: await emitRegistry(models, "schemas"),
  });
  return { files: outputs, problems };
}
