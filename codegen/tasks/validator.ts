import standalone from "ajv/dist/standalone/index.js";
import { generatedHeader } from "../format.js";
import { createAjv, standaloneOptions } from "./ajv.js";
import type { SchemaObject } from "./node.js";

/** What ajv's code loads with `require`, which ES modules lack, and what stands for it. */
const loaded: readonly (readonly [string, string])[] = [
  [`require("ajv/dist/runtime/equal").default`, "equal"],
  [`require("ajv/dist/runtime/ucs2length").default`, "ucs2length"],
];

/**
 * Compiles a schema into a module of its own that exports `validator`. It is TypeScript that is
 * not type-checked, because a user's compiler doesn't copy JavaScript into its output.
 */
export function emitValidator(schema: SchemaObject, source: string): string {
  const ajv = createAjv(schema, standaloneOptions);
  const code = standalone.default(ajv, ajv.compile(schema));
  const name = /^export const validate = (?<name>\w+);$/mu.exec(code)?.groups?.["name"];
  const body = code
    .replace(/^"use strict";$/mu, "")
    .replace(/^export const validate = .*$/mu, "")
    .replace(/^export default .*$/mu, "");
  const text = loaded.reduce((text, [from, to]) => text.replaceAll(from, to), body).trim();
  if (name === undefined || text.includes('require("ajv')) {
    throw new Error(`ajv's standalone code for ${source} has an unknown form.`);
  }
  return [
    generatedHeader(source).trimEnd(),
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
  const names = ["equal", "formats", "ucs2length"];
  const used = names.filter((name) => new RegExp(`= ${name}\\b`, "u").test(text));
  return used.length === 0 ? [] : [`import { ${used.join(", ")} } from "taskwright/validation";`];
}
