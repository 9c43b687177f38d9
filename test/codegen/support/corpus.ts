import { mkdirSync, mkdtempSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { parseJson } from "../../../codegen/json.js";
import { compileTasks } from "../../../codegen/tasks/index.js";
import { lintFile } from "../../../codegen/tasks/lint.js";
import { nameTask } from "../../../codegen/tasks/names.js";
import type { SchemaObject } from "../../../codegen/tasks/node.js";
import { findScheduleFaults } from "../../../src/cron/task-schedules.js";

const repository = fileURLToPath(new URL("../../..", import.meta.url));
const corpus = fileURLToPath(new URL("../corpus", import.meta.url));

/** One schema as a tool printed it. */
export interface PrintedSchema {
  readonly name: string;
  readonly text: string;
  readonly value: SchemaObject;
  /** Payloads that were written by hand, if there are any. */
  readonly payloads: Payloads;
}

interface Payloads {
  readonly valid: readonly unknown[];
  readonly invalid: readonly unknown[];
}

/** A schema as codegen read it. */
export interface ReadSchema extends PrintedSchema {
  /** In draft 2020-12. */
  readonly schema: SchemaObject;
  /** The rules that refuse it; none when it is accepted. */
  readonly rules: readonly string[];
  readonly warnings: readonly string[];
}

/** The modules that codegen wrote for an accepted schema. */
export interface CompiledSchema extends ReadSchema {
  readonly module: string;
  readonly validatorModule: string;
  readonly input: string;
  readonly payload: string;
}

/** The folders of the corpus, each named after its tool. */
export const tools: readonly string[] = readdirSync(corpus, { withFileTypes: true })
  .filter((entry) => entry.isDirectory())
  .map(({ name }) => name);

export function printedBy(tool: string): PrintedSchema[] {
  const folder = path.join(corpus, tool, "schemas");
  const written = JSON.parse(
    readFileSync(path.join(corpus, tool, "payloads.json"), "utf8"),
  ) as Record<string, Payloads>;
  return readdirSync(folder).map((file) => {
    const name = path.basename(file, ".json");
    const text = readFileSync(path.join(folder, file), "utf8");
    const payloads = written[name] ?? { valid: [], invalid: [] };
    return { name, text, value: JSON.parse(text) as SchemaObject, payloads };
  });
}

export function readSchema(printed: PrintedSchema): ReadSchema {
  const result = parseJson(printed.text);
  if (!result.ok) throw new Error(`${printed.name}: ${result.message}`);
  const source = { name: printed.name, relativePath: `${printed.name}.json` };
  const linted = lintFile({ ...source, document: result.document }, findScheduleFaults);
  return {
    ...printed,
    schema: linted.schema,
    rules: [...new Set(linted.findings.map(({ rule }) => rule))],
    warnings: linted.warnings.map(({ rule, pointer }) => `${rule} ${pointer}`),
  };
}

/** Compiles schemas as a project's own, into a folder of the repository that git ignores. */
export async function compileAll(schemas: readonly ReadSchema[]): Promise<CompiledSchema[]> {
  mkdirSync(path.join(repository, ".taskwright"), { recursive: true });
  const root = mkdtempSync(path.join(repository, ".taskwright", "corpus-"));
  const [sources, output] = [path.join(root, "schemas"), path.join(root, "tasks")];
  mkdirSync(sources);
  for (const { name, text } of schemas) writeFileSync(path.join(sources, `${name}.json`), text);
  const { files, problems } = await compileTasks({
    root,
    schemas: sources,
    output,
    schema: "graphile_worker",
    checkSchedule: findScheduleFaults,
  });
  if (problems.length > 0) throw new Error(JSON.stringify(problems, null, 2));
  for (const { path: file, text } of files) {
    mkdirSync(path.dirname(file), { recursive: true });
    writeFileSync(file, text);
  }
  return schemas.map((schema) => {
    const names = nameTask(schema.name, false);
    return {
      ...schema,
      module: path.join(output, `${names.file}.ts`),
      validatorModule: path.join(output, "validators", `${names.file}.ts`),
      input: names.rootInput,
      payload: names.rootPayload,
    };
  });
}
