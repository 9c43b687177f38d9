/** Kinds of JSON value, as `type` names them; `integer` is a number. */
export type Kind = "null" | "boolean" | "number" | "string" | "array" | "object";

export const kinds: readonly Kind[] = ["null", "boolean", "number", "string", "array", "object"];

/** What a keyword of draft 2020-12 holds, and what it says about a value. */
export interface Keyword {
  /** Where in the keyword's value further schemas are. */
  readonly holds?: "schema" | "list" | "map";
  /** Whether those schemas are about the same value as the schema that has the keyword. */
  readonly inPlace?: boolean;
  /** The one kind of value that the keyword constrains. Absent: any. */
  readonly kind?: Kind;
  /** It only describes: neither the validator nor the type looks at it. */
  readonly annotation?: boolean;
}

const annotation: Keyword = { annotation: true };
const number: Keyword = { kind: "number" };
const string: Keyword = { kind: "string" };
const array: Keyword = { kind: "array" };
const object: Keyword = { kind: "object" };

/** Every keyword that may stand in a task's schema. */
export const keywords: ReadonlyMap<string, Keyword> = new Map<string, Keyword>([
  ["$schema", {}],
  ["$id", {}],
  ["$anchor", {}],
  ["$ref", {}],
  ["$defs", { holds: "map" }],
  ["$comment", annotation],
  ["title", annotation],
  ["description", annotation],
  ["default", {}],
  ["deprecated", annotation],
  ["readOnly", annotation],
  ["writeOnly", annotation],
  ["examples", annotation],
  ["contentEncoding", annotation],
  ["contentMediaType", annotation],
  ["type", {}],
  ["enum", {}],
  ["const", {}],
  ["allOf", { holds: "list", inPlace: true }],
  ["anyOf", { holds: "list", inPlace: true }],
  ["oneOf", { holds: "list", inPlace: true }],
  ["not", { holds: "schema", inPlace: true }],
  ["if", { holds: "schema", inPlace: true }],
  ["then", { holds: "schema", inPlace: true }],
  ["else", { holds: "schema", inPlace: true }],
  ["multipleOf", number],
  ["maximum", number],
  ["exclusiveMaximum", number],
  ["minimum", number],
  ["exclusiveMinimum", number],
  ["maxLength", string],
  ["minLength", string],
  ["pattern", string],
  ["format", {}],
  ["prefixItems", { holds: "list", ...array }],
  ["items", { holds: "schema", ...array }],
  ["contains", { holds: "schema", ...array }],
  ["maxItems", array],
  ["minItems", array],
  ["uniqueItems", array],
  ["maxContains", array],
  ["minContains", array],
  ["unevaluatedItems", { holds: "schema", ...array }],
  ["maxProperties", object],
  ["minProperties", object],
  ["required", object],
  ["properties", { holds: "map", ...object }],
  ["patternProperties", { holds: "map", ...object }],
  ["additionalProperties", { holds: "schema", ...object }],
  ["propertyNames", { holds: "schema", ...object }],
  ["dependentRequired", object],
  ["dependentSchemas", { holds: "map", inPlace: true, ...object }],
  ["unevaluatedProperties", { holds: "schema", ...object }],
]);

/** Keywords that are known, but mean nothing or something else in draft 2020-12; and what to write. */
export const foreignKeywords: ReadonlyMap<string, string> = new Map([
  ["definitions", "Rename it to $defs."],
  ["id", "Write $id."],
  ["nullable", 'Add "null" to the type: ["string", "null"].'],
  ["additionalItems", "Tuples are written with prefixItems; items is then the schema of the rest."],
  ["dependencies", "Write dependentRequired or dependentSchemas."],
  [
    "discriminator",
    "Use oneOf with a const property in each branch: the types and the validator tell them apart by it.",
  ],
  ["example", "Write examples, with an array."],
  ["extends", "Write allOf."],
  ["divisibleBy", "Write multipleOf."],
  ["disallow", "Write not."],
  ["tsType", "Types come from the schema alone, so that they can't differ from the validator."],
  ["tsEnumNames", "Types come from the schema alone: enum values become a union of literals."],
  ["$recursiveRef", "Write $ref."],
  ["$recursiveAnchor", "Write $anchor, or point $ref at a definition."],
  ["$dynamicRef", "Its target depends on the path that leads to it: write $ref."],
  ["$dynamicAnchor", "Write $anchor, or point $ref at a definition."],
  ["$vocabulary", "It belongs into meta-schemas: remove it."],
  ["contentSchema", "No validator looks into encoded content: remove it, or describe it in words."],
]);
