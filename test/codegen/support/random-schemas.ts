import * as fc from "fast-check";
import type { SchemaObject } from "../../../codegen/tasks/node.js";

type Schema = boolean | SchemaObject;

const names = ["a", "b", "c", "x-d"] as const;
const name = fc.constantFrom(...names);
const definitions = ["one", "two", "list"] as const;
const scalar = fc.constantFrom<unknown>("p", "q", 1, 2, true, false, null);
const value = fc.oneof(
  { weight: 6, arbitrary: scalar },
  { weight: 1, arbitrary: fc.constantFrom<unknown>({ a: "p" }, ["p", 1], {}, []) },
);

/**
 * Task schemas of every construct that codegen knows, in combinations that nobody would write.
 * Some are refused; of the others, type and validator must agree.
 */
export const randomSchema: fc.Arbitrary<SchemaObject> = fc
  .tuple(
    objectSchema(2),
    fc.dictionary(fc.constantFrom("e", "f"), withDefault(), { noNullPrototype: true }),
    objectSchema(1),
    arraySchema(1),
    anySchema(1),
  )
  .map(([root, defaults, one, two, list]) => ({
    ...root,
    properties: { ...(root["properties"] as object), ...defaults },
    $defs: { one, two, list: { type: "array", items: list } },
  }));

function anySchema(depth: number): fc.Arbitrary<Schema> {
  const leaf: fc.Arbitrary<Schema> = fc.oneof(
    fc.constantFrom<Schema>(
      { type: "string" },
      { type: "number" },
      { type: "integer" },
      { type: "boolean" },
      { type: "null" },
      { type: ["string", "null"] },
      { type: ["integer", "boolean"] },
      { type: "string", minLength: 2 },
      { type: "number", minimum: 2 },
      { type: "object" },
      { type: "array" },
      true,
    ),
    fc
      .uniqueArray(value, { minLength: 1, maxLength: 3, selector: (item) => JSON.stringify(item) })
      .map((list) => ({ enum: list })),
    value.map((constant) => ({ const: constant })),
    fc.constantFrom(...definitions).map((key) => ({ $ref: `#/$defs/${key}` })),
  );
  if (depth === 0) return leaf;
  return fc.oneof(
    { weight: 4, arbitrary: leaf },
    { weight: 4, arbitrary: objectSchema(depth) },
    { weight: 2, arbitrary: arraySchema(depth) },
    { weight: 2, arbitrary: combination(anySchema(depth - 1)) },
    {
      weight: 1,
      arbitrary: fc
        .tuple(fc.constantFrom(...definitions), anySchema(depth - 1))
        .map(([key, beside]) =>
          typeof beside === "object" && !("$ref" in beside)
            ? { ...beside, $ref: `#/$defs/${key}` }
            : { $ref: `#/$defs/${key}` },
        ),
    },
  );
}

function combination(schema: fc.Arbitrary<Schema>): fc.Arbitrary<SchemaObject> {
  const list = fc.array(schema, { minLength: 1, maxLength: 3 });
  return fc.oneof(
    list.map((allOf) => ({ allOf })),
    list.map((anyOf) => ({ anyOf })),
    list.map((oneOf) => ({ oneOf })),
    schema.map((not) => ({ not })),
    fc.tuple(schema, schema, schema).map(conditional),
  );
}

function arraySchema(depth: number): fc.Arbitrary<SchemaObject> {
  const schema = anySchema(depth - 1);
  return fc
    .record(
      {
        prefixItems: fc.array(schema, { minLength: 1, maxLength: 2 }),
        items: fc.oneof(schema, fc.constant(false)),
        minItems: fc.nat(2),
        maxItems: fc.integer({ min: 2, max: 4 }),
        uniqueItems: fc.boolean(),
        contains: schema,
        unevaluatedItems: fc.oneof(schema, fc.constant(false)),
        allOf: fc.array(schema, { minLength: 1, maxLength: 2 }),
      },
      { requiredKeys: [] },
    )
    .map((keywords) => ({
      type: "array",
      ...sparse(keywords, ["uniqueItems", "contains", "unevaluatedItems", "allOf"]),
    }));
}

function objectSchema(depth: number): fc.Arbitrary<SchemaObject> {
  const schema = anySchema(depth - 1);
  const branch = fc.record(
    {
      properties: fc.dictionary(name, schema, { minKeys: 1, maxKeys: 2, noNullPrototype: true }),
      required: fc.uniqueArray(name, { minLength: 1, maxLength: 2 }),
    },
    { requiredKeys: [] },
  );
  const branches = fc.array(branch, { minLength: 1, maxLength: 3 });
  return fc
    .record(
      {
        properties: fc.dictionary(name, property(schema), {
          minKeys: 1,
          maxKeys: 4,
          noNullPrototype: true,
        }),
        required: fc.uniqueArray(name, { maxLength: 2 }),
        additionalProperties: fc.oneof(schema, fc.constant(false), fc.constant(false)),
        patternProperties: schema.map((held) => ({ "^x-": held })),
        propertyNames: fc.constantFrom<Schema>({ enum: ["a", "b"] }, { pattern: "^[a-z]" }),
        minProperties: fc.nat(2),
        dependentRequired: fc.tuple(name, name).map(([from, to]) => ({ [from]: [to] })),
        dependentSchemas: fc.tuple(name, branch).map(([from, rule]) => ({ [from]: rule })),
        unevaluatedProperties: fc.oneof(schema, fc.constant(false)),
        anyOf: branches,
        oneOf: branches,
        allOf: branches,
        not: branch,
        if: fc.tuple(branch, branch, fc.option(branch, { nil: undefined })),
      },
      { requiredKeys: ["properties"] },
    )
    .chain((keywords) =>
      fc.subarray(rare, { maxLength: 2 }).map((kept) => ({
        type: "object",
        ...sparse(
          keywords,
          rare.filter((keyword) => !kept.includes(keyword)),
        ),
      })),
    )
    .map(complete);
}

const rare = [
  "patternProperties",
  "propertyNames",
  "minProperties",
  "dependentRequired",
  "dependentSchemas",
  "unevaluatedProperties",
  "anyOf",
  "oneOf",
  "allOf",
  "not",
  "if",
];

function property(schema: fc.Arbitrary<Schema>): fc.Arbitrary<Schema> {
  return fc.oneof({ weight: 30, arbitrary: schema }, { weight: 1, arbitrary: fc.constant(false) });
}

function withDefault(): fc.Arbitrary<Schema> {
  return fc.constantFrom<Schema>(
    { type: "string", default: "d" },
    { enum: ["p", 1], default: 1 },
    {
      type: "object",
      properties: { g: { type: "number", default: 2 }, h: { type: "string" } },
      default: {},
    },
  );
}

function sparse(keywords: object, dropped: readonly string[]): SchemaObject {
  return Object.fromEntries(
    Object.entries(keywords).filter(([keyword]) => !dropped.includes(keyword)),
  );
}

/** Names that are only required are refused, so all are declared; and `if` gets its companions. */
function complete(schema: SchemaObject): SchemaObject {
  const { if: condition, ...rest } = schema;
  const declared = Object.fromEntries(names.map((key) => [key, true]));
  return {
    ...rest,
    ...(condition === undefined ? {} : conditional(condition as (Schema | undefined)[])),
    properties: { ...declared, ...(schema["properties"] as object) },
  };
}

function conditional(parts: readonly (Schema | undefined)[]): SchemaObject {
  const entries = ["if", "then", "else"].map((key, index) => [key, parts[index]] as const);
  return Object.fromEntries(entries.filter(([, part]) => part !== undefined));
}
