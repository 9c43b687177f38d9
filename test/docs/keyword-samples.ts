/** A schema that has the keyword, and a payload that breaks it; all else of the schema lets that pass. */
export interface KeywordSample {
  readonly schema: object;
  readonly broken: unknown;
}

function value(schema: object, broken: unknown): KeywordSample {
  return {
    schema: { type: "object", properties: { value: schema } },
    broken: { value: broken },
  };
}

function root(schema: object, broken: unknown): KeywordSample {
  return { schema: { type: "object", ...schema }, broken };
}

const text = { type: "string" };
const both = { a: true, b: true };

/** Keywords that are in the type. */
export const typedSamples: Readonly<Record<string, KeywordSample>> = {
  type: value(text, 1),
  enum: value({ enum: ["a", "b"] }, "c"),
  const: value({ const: "a" }, "b"),
  properties: root({ properties: { a: text } }, { a: 1 }),
  required: root({ properties: both, required: ["a"] }, { b: 1 }),
  additionalProperties: root({ properties: both, additionalProperties: false }, { c: 1 }),
  patternProperties: root(
    { patternProperties: { "^a": text }, additionalProperties: false },
    { a: 1 },
  ),
  propertyNames: root({ propertyNames: { enum: ["a"] } }, { b: 1 }),
  dependentRequired: root({ properties: both, dependentRequired: { a: ["b"] } }, { a: 1 }),
  dependentSchemas: root(
    { properties: both, dependentSchemas: { a: { required: ["b"] } } },
    { a: 1 },
  ),
  items: value({ type: "array", items: text }, [1]),
  prefixItems: value({ type: "array", prefixItems: [text] }, [1]),
  minItems: value({ type: "array", minItems: 1 }, []),
  maxItems: value({ type: "array", maxItems: 1 }, [1, 2]),
  contains: value({ type: "array", contains: text }, []),
  minContains: value({ type: "array", contains: text, minContains: 2 }, ["a"]),
  allOf: value({ allOf: [text] }, 1),
  anyOf: value({ anyOf: [text, { type: "null" }] }, 1),
  oneOf: value({ oneOf: [text, { type: "null" }] }, 1),
  not: value({ type: ["string", "number"], not: { type: "number" } }, 1),
  ...conditionSamples(),
  unevaluatedProperties: root({ properties: both, unevaluatedProperties: false }, { c: 1 }),
  unevaluatedItems: value({ type: "array", prefixItems: [text], unevaluatedItems: false }, [
    "a",
    "b",
  ]),
  $ref: root({ properties: { a: { $ref: "#/$defs/text" } }, $defs: { text } }, { a: 1 }),
  $defs: root({ properties: { a: { $ref: "#/$defs/text" } }, $defs: { text } }, { a: 1 }),
};

/** `then` as a key of a literal would make it a promise to whoever awaits it. */
function conditionSamples(): Readonly<Record<string, KeywordSample>> {
  const sample = (keyword: string, a: number) =>
    root(
      {
        properties: { a: { enum: [1, 2] }, b: true },
        required: ["a"],
        if: { properties: { a: { const: 1 } }, required: ["a"] },
        ...Object.fromEntries([[keyword, { required: ["b"] }]]),
      },
      { a },
    );
  const keywords = ["if", "then", "else"];
  return Object.fromEntries(
    keywords.map((name) => [name, name === "else" ? sample(name, 2) : sample("then", 1)]),
  );
}

/** Keywords that only the validator knows. */
export const checkedSamples: Readonly<Record<string, KeywordSample>> = {
  minimum: value({ type: "number", minimum: 1 }, 0),
  maximum: value({ type: "number", maximum: 1 }, 2),
  exclusiveMinimum: value({ type: "number", exclusiveMinimum: 1 }, 1),
  exclusiveMaximum: value({ type: "number", exclusiveMaximum: 1 }, 1),
  multipleOf: value({ type: "number", multipleOf: 0.01 }, 19.991),
  minLength: value({ type: "string", minLength: 1 }, ""),
  maxLength: value({ type: "string", maxLength: 1 }, "ab"),
  pattern: value({ type: "string", pattern: "^a" }, "b"),
  format: value({ type: "string", format: "email" }, "a"),
  uniqueItems: value({ type: "array", uniqueItems: true }, [1, 1]),
  maxContains: value({ type: "array", contains: text, maxContains: 1 }, ["a", "b"]),
  minProperties: value({ type: "object", minProperties: 1 }, {}),
  maxProperties: value({ type: "object", maxProperties: 1 }, { a: 1, b: 1 }),
};

/** Keywords of other drafts, and names, which codegen reads as what they mean. */
export const readSamples: Readonly<Record<string, KeywordSample>> = {
  definitions: root(
    { properties: { a: { $ref: "#/definitions/text" } }, definitions: { text } },
    { a: 1 },
  ),
  additionalItems: value({ type: "array", items: [text], additionalItems: false }, ["a", 1]),
  dependencies: root({ properties: both, dependencies: { a: ["b"] } }, { a: 1 }),
  nullable: value({ type: "string", nullable: true }, 1),
  id: root(
    {
      $schema: "http://json-schema.org/draft-04/schema#",
      properties: { a: { $ref: "#text" } },
      definitions: { text: { id: "#text", type: "string" } },
    },
    { a: 1 },
  ),
  $id: root(
    {
      $id: "https://a.test/b",
      properties: { a: { $ref: "https://a.test/b#/$defs/text" } },
      $defs: { text },
    },
    { a: 1 },
  ),
  $anchor: root(
    { properties: { a: { $ref: "#text" } }, $defs: { b: { $anchor: "text", ...text } } },
    { a: 1 },
  ),
  $dynamicRef: dynamic(),
  $dynamicAnchor: dynamic(),
  $recursiveRef: recursive(),
  $recursiveAnchor: recursive(),
};

function dynamic(): KeywordSample {
  const $defs = { b: { $dynamicAnchor: "text", ...text } };
  return root({ properties: { a: { $dynamicRef: "#text" } }, $defs }, { a: 1 });
}

function recursive(): KeywordSample {
  return root(
    {
      $schema: "https://json-schema.org/draft/2019-09/schema",
      $recursiveAnchor: true,
      properties: { a: { $recursiveRef: "#" } },
    },
    { a: 1 },
  );
}

/** Keywords that describe only, each with a value for it. */
export const annotationSamples: Readonly<Record<string, unknown>> = {
  title: "a",
  description: "a",
  deprecated: true,
  $comment: "a",
  examples: ["a"],
  example: "a",
  readOnly: true,
  writeOnly: true,
  contentEncoding: "base64",
  contentMediaType: "application/json",
  contentSchema: { type: "number" },
  discriminator: { propertyName: "a" },
  tsType: "number",
  tsEnumNames: ["a"],
  $schema: "https://json-schema.org/draft/2020-12/schema",
  $vocabulary: { "https://json-schema.org/draft/2020-12/vocab/core": true },
};

/** Keywords that codegen refuses, each with a value for it. */
export const refusedSamples: Readonly<Record<string, unknown>> = {
  extends: { type: "string" },
  disallow: "string",
  divisibleBy: 2,
};
