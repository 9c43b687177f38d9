import standalone from "ajv/dist/standalone/index.js";
import { isObject } from "../json.js";
import { generatedHeader } from "../format.js";
import { createAjv, standaloneOptions } from "./ajv.js";
import { compact } from "./compact.js";
import { withSharedDefinitions } from "./filling.js";
import { keywords } from "./keywords.js";
import type { SchemaObject } from "./node.js";

/** What ajv's code loads with `require`, which ES modules lack, and what stands for it. */
const loaded: readonly (readonly [string, string])[] = [
  [`require("ajv/dist/runtime/equal").default`, "equal"],
  [`require("ajv/dist/runtime/ucs2length").default`, "ucs2length"],
  [`require("taskwright/validation").findDuplicate`, "findDuplicate"],
  [`require("taskwright/validation").isMultipleOf`, "isMultipleOf"],
  [`require("taskwright/validation").withoutInherited`, "withoutInherited"],
];

/** A schema's validator, compiled once for all that codegen does with it. */
export interface CompiledValidator {
  /** The statements of its module. */
  readonly code: string;
  /** The name of its function there. */
  readonly name: string;
  /** Whether an empty object is a valid payload. */
  readonly acceptsNothing: boolean;
}

/**
 * Compiles a schema that the rules have passed.
 * @throws Error where ajv's strict mode still finds fault with it.
 */
export function compileValidator(root: SchemaObject): CompiledValidator {
  const schema = withoutAnnotations(withSharedDefinitions(root));
  const ajv = createAjv(schema, standaloneOptions);
  const validate = ajv.compile(schema);
  return { ...writeCode(standalone.default(ajv, validate)), acceptsNothing: validate({}) };
}

function writeCode(code: string): { code: string; name: string } {
  const name = /^export const validate = (?<name>\w+);$/mu.exec(code)?.groups?.["name"];
  const body = code
    .replace(/^"use strict";$/mu, "")
    .replace(/^export const validate = .*$/mu, "")
    .replace(/^export default .*$/mu, "");
  const text = loaded.reduce((text, [from, to]) => text.replaceAll(from, to), body).trim();
  if (name === undefined || /^const \w+ = require\(/mu.test(text)) {
    throw new Error("ajv's standalone code has an unknown form.");
  }
  return { code: compact(text), name };
}

/**
 * The module of a validator, which exports `validator`. It is TypeScript that is not type-checked,
 * because a user's compiler doesn't copy JavaScript into its output.
 * @param source The schema's path in the project.
 */
export function emitValidator(source: string, { code, name }: CompiledValidator): string {
  return [
    generatedHeader(source).trimEnd(),
    "// @ts-nocheck",
    "/* eslint-disable */",
    'import type { PayloadValidator } from "taskwright";',
    ...importRuntime(code),
    "",
    code,
    "",
    `export const validator: PayloadValidator = ${name};`,
    "",
  ].join("\n");
}

function importRuntime(text: string): string[] {
  const names = [
    "equal",
    "findDuplicate",
    "formats",
    "isMultipleOf",
    "ucs2length",
    "withoutInherited",
  ];
  const used = names.filter((name) => new RegExp(`= ${name}\\b`, "u").test(text));
  return used.length === 0 ? [] : [`import { ${used.join(", ")} } from "taskwright/validation";`];
}

/** ajv copies the schema into its code: what it doesn't read need not be there. */
function withoutAnnotations(schema: SchemaObject): SchemaObject {
  const strip = (value: unknown) => (isObject(value) ? withoutAnnotations(value) : value);
  const kept = Object.entries(schema).filter(
    ([name]) => keywords.has(name) && keywords.get(name)?.annotation !== true,
  );
  return Object.fromEntries(
    kept.map(([name, value]) => {
      const holds = keywords.get(name)?.holds;
      if (holds === "schema") return [name, strip(value)];
      if (holds === "list" && Array.isArray(value)) return [name, value.map(strip)];
      if (holds !== "map" || !isObject(value)) return [name, value];
      return [
        name,
        Object.fromEntries(Object.entries(value).map(([key, held]) => [key, strip(held)])),
      ];
    }),
  );
}
