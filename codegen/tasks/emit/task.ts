import { VariableDeclarationKind } from "ts-morph";
import { formatTypeScript, generatedHeader } from "../../format.js";
import type { TaskModel } from "../model.js";
import { specSource } from "./spec.js";
import { ModuleText } from "../source.js";

/** What surrounds a task's module. */
export interface EmitOptions {
  /** Unquoted name of the database schema that the plain helpers use. */
  readonly schema: string;
}

/** The module of one task: its types, the task itself, its helpers. */
export function emitTask(model: TaskModel, options: EmitOptions): Promise<string> {
  const imports = new ModuleText();
  addImports(imports, model);
  const file = new ModuleText();
  addAliases(file, model);
  addTask(file, model, options);
  addHelpers(file, model);
  const header = generatedHeader(model.source.relativePath);
  // The types are text already, and long: there is no need for ts-morph to read them.
  const parts = [header, imports.print().trimEnd(), model.types.text, "", file.print()];
  return formatTypeScript(parts.join("\n"));
}

function addImports(file: ModuleText, { names, defaults }: TaskModel): void {
  const isBatch = defaults.batch !== undefined;
  const handler = isBatch ? "BatchHandler" : "Handler";
  const types = ["Executor", handler, "Job", "StandardSchema", "TaskSpec", "ValidationResult"];
  file.addImportDeclaration({
    moduleSpecifier: "taskwright",
    namedImports: [
      isBatch ? "defineBatchTask" : "defineTask",
      ...(isBatch ? ["enqueueBatch"] : ["enqueue", "enqueueMany"]),
      ...[...types, ...(isBatch ? [] : ["JobItem"])]
        .sort()
        .map((name) => ({ name, isTypeOnly: true })),
    ],
  });
  file.addImportDeclaration({
    moduleSpecifier: `./validators/${names.file}.js`,
    namedImports: ["validator"],
  });
}

function addAliases(file: ModuleText, { identifier, names, hasDefaults, defaults }: TaskModel) {
  if (!hasDefaults) {
    file.addTypeAlias({
      name: names.rootInput,
      isExported: true,
      type: names.rootPayload,
      docs: ["What the producer gives; no default makes it differ from what the handler gets."],
    });
  }
  if (defaults.batch !== undefined) {
    file.addTypeAlias({
      name: names.payload,
      isExported: true,
      type: `${names.rootPayload}[]`,
      docs: [asDoc(`The payload of task ${identifier}: the items of one job.`)],
    });
    file.addTypeAlias({
      name: names.input,
      isExported: true,
      type: `readonly ${names.rootInput}[]`,
    });
  }
  file.addTypeAlias({
    name: names.handler,
    isExported: true,
    typeParameters: [{ name: "App", default: "undefined" }],
    type: `${defaults.batch === undefined ? "Handler" : "BatchHandler"}<${names.payload}, App>`,
    docs: [asDoc(`Runs jobs of task ${identifier}.`)],
  });
}

function addTask(file: ModuleText, model: TaskModel, options: EmitOptions): void {
  const { identifier, names, defaults, doc } = model;
  const define = defaults.batch === undefined ? "defineTask" : "defineBatchTask";
  const spec = specSource(defaults);
  const members = [
    `identifier: ${JSON.stringify(identifier)}`,
    `schema: ${JSON.stringify(options.schema)}`,
    "validator",
    ...(spec === undefined ? [] : [`spec: ${spec}`]),
    ...(defaults.timeoutMs === undefined ? [] : [`timeoutMs: ${defaults.timeoutMs}`]),
    ...(defaults.isolate === true ? ["isolate: true"] : []),
    ...(defaults.maxPayloadBytes === undefined
      ? []
      : [`maxPayloadBytes: ${defaults.maxPayloadBytes}`]),
    ...(defaults.batch === undefined ? [] : [`batch: ${JSON.stringify(defaults.batch)}`]),
    ...(defaults.cron === undefined ? [] : [`cron: ${JSON.stringify(defaults.cron)}`]),
  ];
  file.addVariableStatement({
    declarationKind: VariableDeclarationKind.Const,
    isExported: true,
    docs: doc === "" ? [] : [asDoc(doc)],
    declarations: [
      {
        name: names.task,
        initializer: `${define}<${names.input}, ${names.payload}>({ ${members.join(", ")} })`,
      },
    ],
  });
  file.addVariableStatement({
    declarationKind: VariableDeclarationKind.Const,
    isExported: true,
    docs: ["The payload's schema, for tools that take a Standard Schema (tRPC, Hono and others)."],
    declarations: [
      {
        name: names.schema,
        type: `StandardSchema<${names.input}, ${names.payload}>`,
        initializer: `${names.task}.standard`,
      },
    ],
  });
}

function addHelpers(file: ModuleText, model: TaskModel): void {
  const { identifier, names, defaults, isPayloadOptional } = model;
  const isBatch = defaults.batch !== undefined;
  const job = `Job<${names.payload}>`;
  file.addFunction({
    name: names.validate,
    isExported: true,
    parameters: [{ name: "value", type: "unknown" }],
    returnType: `ValidationResult<${names.payload}>`,
    statements: [`return ${names.task}.validate(value);`],
    docs: [
      asDoc(
        `Checks a payload of task ${identifier} and fills in its defaults; the given value is not changed.`,
      ),
    ],
  });
  const db = { name: "db", type: "Executor" };
  const spec = { name: "spec", type: "TaskSpec", hasQuestionToken: true };
  const given = isBatch ? "items" : "payload";
  file.addFunction({
    name: names.add,
    isExported: true,
    parameters: [
      db,
      {
        name: given,
        type: names.input,
        ...(isPayloadOptional ? { initializer: "{}" } : {}),
      },
      spec,
    ],
    returnType: isBatch ? `Promise<${job}[]>` : `Promise<${job}>`,
    statements: [
      `return ${isBatch ? "enqueueBatch" : "enqueue"}(db, ${names.task}, ${given}, spec);`,
    ],
    docs: [
      asDoc(
        isBatch
          ? `Adds the items as a job of task ${identifier}, or as several jobs when there are too many for one. In a transaction, give its client.`
          : `Adds a job of task ${identifier}. In a transaction, give its client.`,
      ),
    ],
  });
  if (names.addMany === undefined) return;
  file.addFunction({
    name: names.addMany,
    isExported: true,
    parameters: [db, { name: "items", type: `readonly JobItem<${names.input}>[]` }],
    returnType: `Promise<${job}[]>`,
    statements: [`return enqueueMany(db, ${names.task}, items);`],
    docs: [asDoc(`Adds jobs of task ${identifier} in one round trip: all of them or none.`)],
  });
}

/** A text that can't end its comment. */
function asDoc(text: string): string {
  return text.replaceAll("*/", "*\\/");
}
