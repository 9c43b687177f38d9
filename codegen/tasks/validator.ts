import standalone from "ajv/dist/standalone/index.js";
import { generatedHeader } from "../format.js";
import { createAjv, standaloneOptions } from "./ajv.js";
import { keywords } from "./keywords.js";
import type { TaskModel } from "./model.js";
import type { SchemaObject } from "./node.js";
import { isObject } from "../json.js";

/** What ajv's code loads with `require`, which ES modules lack, and what stands for it. */
const loaded: readonly (readonly [string, string])[] = [
  [`require("ajv/dist/runtime/equal").default`, "equal"],
  [`require("ajv/dist/runtime/ucs2length").default`, "ucs2length"],
  [`require("taskwright/validation").findDuplicate`, "findDuplicate"],
  [`require("taskwright/validation").isMultipleOf`, "isMultipleOf"],
  [`require("taskwright/validation").withoutInherited`, "withoutInherited"],
];

/**
 * Compiles a schema into a module of its own that exports `validator`. It is TypeScript that is
 * not type-checked, because a user's compiler doesn't copy JavaScript into its output.
 */
export function emitValidator({ source, validated }: TaskModel): string {
  const { relativePath } = source;
  const schema = withoutAnnotations(validated);
  const ajv = createAjv(schema, standaloneOptions);
  const code = standalone.default(ajv, ajv.compile(schema));
  const name = /^export const validate = (?<name>\w+);$/mu.exec(code)?.groups?.["name"];
  const body = code
    .replace(/^"use strict";$/mu, "")
    .replace(/^export const validate = .*$/mu, "")
    .replace(/^export default .*$/mu, "");
  const text = loaded.reduce((text, [from, to]) => text.replaceAll(from, to), body).trim();
  if (name === undefined || /^const \w+ = require\(/mu.test(text)) {
    throw new Error(`ajv's standalone code for ${relativePath} has an unknown form.`);
  }
  return [
    generatedHeader(relativePath).trimEnd(),
    "// @ts-nocheck",
    "/* eslint-disable */",
    'import type { PayloadValidator } from "taskwright";',
    ...importRuntime(text),
    "",
    text,
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
