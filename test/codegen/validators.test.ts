import { readdirSync, readFileSync } from "node:fs";
import path from "node:path";
import { runInThisContext } from "node:vm";
import standalone from "ajv/dist/standalone/index.js";
import { describe, expect, test } from "vitest";
import { makeDocument } from "../../bench/codegen/document.js";
import { createAjv, standaloneOptions } from "../../codegen/tasks/ajv.js";
import { withFilledAlternatives } from "../../codegen/tasks/filling.js";
import type { SchemaObject } from "../../codegen/tasks/node.js";
import { compileValidator } from "../../codegen/tasks/validator.js";
import * as validation from "../../src/validation.js";
import { toIssues, type ValidatorError } from "../../src/tasks/issues.js";
import { acceptedCases } from "./support/golden.js";
import { asParsed, sampleValues } from "./support/samples.js";

type Validate = ((value: unknown) => boolean) & { errors?: readonly ValidatorError[] | null };

/** What codegen writes, run. */
function load(schema: SchemaObject): Validate {
  const { code, name } = compileValidator(schema);
  const names = Object.keys(validation).join(", ");
  const make = runInThisContext(`(({ ${names} }) => {\n${code}\nreturn ${name};\n})`) as (
    runtime: object,
  ) => Validate;
  return make(validation);
}

/** The same schema in ajv, with none of what codegen does to make code small. */
function compilePlainly(schema: SchemaObject): Validate {
  return createAjv(schema).compile(withFilledAlternatives(schema)) as Validate;
}

const golden = acceptedCases.flatMap(({ name, folder }) =>
  readdirSync(path.join(folder, "schemas")).map((file) => ({
    name: `${name}/${file}`,
    values: [] as readonly object[],
    schema: JSON.parse(readFileSync(path.join(folder, "schemas", file), "utf8")) as SchemaObject,
  })),
);
/** Definitions with defaults that are reached in all ways, themselves too. */
const recursive: SchemaObject = {
  type: "object",
  properties: {
    first: { $ref: "#/$defs/node" },
    second: { anyOf: [{ $ref: "#/$defs/node" }, { type: "null" }], default: null },
    third: { type: "array", items: { $ref: "#/$defs/leaf" } },
  },
  required: ["first"],
  additionalProperties: false,
  $defs: {
    node: {
      type: "object",
      properties: {
        kind: { enum: ["a", "b", 'quo"ted', "fail(", "errors++"] },
        next: { anyOf: [{ $ref: "#/$defs/node" }, { type: "null" }], default: null },
        leaf: { oneOf: [{ $ref: "#/$defs/leaf" }, { type: "string", maxLength: 2 }] },
        map: { type: "object", additionalProperties: { $ref: "#/$defs/leaf" } },
      },
      required: ["kind", "next"],
      additionalProperties: false,
    },
    leaf: {
      type: "object",
      properties: { count: { type: "integer", minimum: 0, default: 1 }, "a/b~c": { const: 1 } },
      required: ["count"],
      additionalProperties: false,
    },
  },
};
const counted: SchemaObject = {
  ...recursive,
  $defs: { ...(recursive["$defs"] as object), leaf: { ...leafOf(recursive), minProperties: 2 } },
};
/** Too few properties, unless those that are filled in count. */
const filledUp = { first: { kind: "a", next: null }, third: [{ "a/b~c": 1 }] };
const documents = [
  { name: "definitions that refer to themselves", schema: recursive, values: [] },
  { name: "rules that count what is filled in", schema: counted, values: [filledUp] },
];

function leafOf({ $defs }: SchemaObject): object {
  return ($defs as { leaf: object }).leaf;
}

describe("a small validator does what a plain one does", () => {
  test.each([...golden, ...documents])("$name", ({ schema, values }) => {
    const small = load(schema);
    const plain = compilePlainly(schema);
    let accepted = 0;
    for (const value of [...sampleValues(schema, 150, 99), ...values]) {
      const [one, other] = [asParsed(value), asParsed(value)];
      const isAccepted = plain(other);
      expect(small(one), JSON.stringify(value)).toBe(isAccepted);
      if (isAccepted) {
        accepted += 1;
        expect(one).toEqual(other);
      } else {
        expect(toIssues(small.errors ?? [], value)).toEqual(toIssues(plain.errors ?? [], value));
      }
    }
    expect(accepted).toBeGreaterThan(0);
  });
});

test("a definition is one function, or two where it is tried before its defaults are filled in", () => {
  const plain: SchemaObject = {
    type: "object",
    properties: Object.fromEntries(
      Array.from({ length: 50 }, (_, index) => [`p${index}`, { $ref: "#/$defs/part" }]),
    ),
    $defs: { part: { type: "object", properties: { a: { type: "string", minLength: 2 } } } },
  };
  const tried: SchemaObject = {
    ...plain,
    anyOf: [{ $ref: "#/$defs/part" }, { properties: { p0: { $ref: "#/$defs/part" } } }],
    $defs: { part: { type: "object", properties: { a: { type: "string", default: "" } } } },
  };
  const count = (schema: SchemaObject) =>
    compileValidator(schema).code.match(/^function validate\d+/gmu)?.length;
  expect(count(plain)).toBe(2);
  expect(count(tried)).toBeLessThanOrEqual(5);
});

test("a large document's validator is several times smaller than ajv's own", () => {
  const document = makeDocument(60);
  const ajv = createAjv(document, { ...standaloneOptions, inlineRefs: true });
  const plain = standalone.default(ajv, ajv.compile(withFilledAlternatives(document)));
  expect(plain.length / compileValidator(document).code.length).toBeGreaterThan(3);
});
