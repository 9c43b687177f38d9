import { parseJson } from "../../../codegen/json.js";
import { createAjv } from "../../../codegen/tasks/ajv.js";
import type { ReadingOptions } from "../../../codegen/tasks/convert/index.js";
import { withSharedDefinitions } from "../../../codegen/tasks/filling.js";
import { lintFile, type LintedFile } from "../../../codegen/tasks/lint.js";
import { buildModel } from "../../../codegen/tasks/model.js";
import type { SchemaObject } from "../../../codegen/tasks/node.js";
import { findScheduleFaults } from "../../../src/cron/task-schedules.js";

/** One schema of a task, as codegen reads it. */
export interface ReadTask {
  /** Each as its rule and its pointer. */
  readonly problems: readonly string[];
  readonly warnings: readonly string[];
  /** The messages of both, with their hints. */
  readonly messages: readonly string[];
  /** In draft 2020-12. */
  readonly schema: SchemaObject;
  /** The declared types; empty with a problem. */
  readonly types: string;
  /** The value with its defaults, or undefined when it is refused. */
  readonly accept: (value: unknown) => unknown;
  /** The same for JSON text, which says what values can't, such as a key `__proto__`. */
  readonly acceptText: (text: string) => unknown;
}

/** Reads a schema from JSON text, or from a value. */
export async function readTask(
  schema: string | object,
  options: ReadingOptions = {},
): Promise<ReadTask> {
  const parsed = parseJson(typeof schema === "string" ? schema : JSON.stringify(schema));
  if (!parsed.ok) throw new Error(parsed.message);
  const source = { name: "sample", relativePath: "sample.json", document: parsed.document };
  const linted = lintFile(source, findScheduleFaults, options);
  const all = [...linted.findings, ...linted.warnings];
  const model = linted.findings.length > 0 ? undefined : await buildModel(linted);
  const accept = model === undefined ? () => undefined : accepter(linted.schema);
  return {
    problems: named(linted.findings),
    warnings: named(linted.warnings),
    messages: all.map(({ message, hint }) => `${message} ${hint}`),
    schema: linted.schema,
    types: model?.types.text ?? "",
    accept: (value) => accept(structuredClone(value)),
    acceptText: (text) => accept(JSON.parse(text)),
  };
}

function named(findings: LintedFile["findings"]): string[] {
  return findings.map(({ rule, pointer }) => `${rule} ${pointer}`);
}

function accepter(schema: SchemaObject): (value: unknown) => unknown {
  const validate = createAjv(schema).compile(withSharedDefinitions(schema));
  return (value) => (validate(value) ? value : undefined);
}
