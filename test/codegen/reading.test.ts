import { describe, expect, test } from "vitest";
import { readTask } from "./support/read-task.js";

function property(schema: unknown, rest: object = {}): object {
  return { type: "object", properties: { value: schema }, ...rest };
}

describe("what can't be is left out", () => {
  test("a property of not: {} must not be there", async () => {
    const { problems, types, accept } = await readTask(property({ description: "x", not: {} }));
    expect(problems).toEqual([]);
    expect(types).toContain("value?: never");
    expect(accept({})).toEqual({});
    expect(accept({ value: 1 })).toBeUndefined();
  });

  test("an alternative of not: {} is dropped, and references to the others still lead there", async () => {
    const { problems, types, accept } = await readTask({
      type: "object",
      properties: {
        value: { anyOf: [{ not: {} }, { type: "string" }] },
        other: { $ref: "#/properties/value/anyOf/1" },
        never: { $ref: "#/properties/value/anyOf/0" },
      },
    });
    expect(problems).toEqual([]);
    expect(types).toContain("value?: string");
    expect(accept({ value: "a", other: "b" })).toEqual({ value: "a", other: "b" });
    expect(accept({ value: 1 })).toBeUndefined();
    expect(accept({ other: 1 })).toBeUndefined();
    expect(accept({ never: "a" })).toBeUndefined();
  });

  test("alternatives that all can't be are a contradiction", async () => {
    const { problems } = await readTask(property({ anyOf: [{ not: {} }, false] }));
    expect(problems.length).toBeGreaterThan(0);
  });

  test("an empty tuple is closed by what stands beside it", async () => {
    const closed = property({ type: "array", prefixItems: [], items: false });
    const { problems, accept } = await readTask(closed);
    expect(problems).toEqual([]);
    expect(accept({ value: [] })).toEqual({ value: [] });
    expect(accept({ value: [1] })).toBeUndefined();
  });
});

describe("an alternative that no value can pass", () => {
  const schema = {
    type: "object",
    properties: {
      beside: {
        type: "string",
        anyOf: [{ minLength: 1 }, { type: "number" }],
      },
      within: { oneOf: [{ const: ["a"], type: "string" }, { type: "boolean" }] },
    },
  };

  test("counts as not there, with a warning", async () => {
    const { problems, warnings, types, accept } = await readTask(schema);
    expect(problems).toEqual([]);
    expect(warnings.toSorted()).toEqual([
      "impossible-branch /properties/beside",
      "impossible-branch /properties/within",
      "impossible-branch /properties/within/oneOf/0",
    ]);
    expect(types).toMatch(/beside\?: string/u);
    expect(types).toMatch(/within\?: boolean/u);
    expect(accept({ beside: "a", within: true })).toBeDefined();
    expect(accept({ beside: "" })).toBeUndefined();
    expect(accept({ within: ["a"] })).toBeUndefined();
  });

  test("is refused in strict mode", async () => {
    const { problems } = await readTask(schema, { strict: true });
    expect(problems.toSorted()).toEqual([
      "contradiction /properties/within/oneOf/0",
      "impossible-branch /properties/beside",
    ]);
  });

  test("is refused where there is no other", async () => {
    const { problems } = await readTask(property({ type: "string", anyOf: [{ type: "number" }] }));
    expect(problems).toEqual(["contradiction /properties/value"]);
  });
});

describe("a root that doesn't say that it is an object", () => {
  test("is one, but what refers to it may be anything", async () => {
    const { problems, types, accept } = await readTask({
      properties: { self: { $ref: "#" }, name: { type: "string" } },
      additionalProperties: false,
    });
    expect(problems).toEqual([]);
    expect(accept({ self: 1 })).toEqual({ self: 1 });
    expect(accept({ self: { self: { name: "a" } } })).toBeDefined();
    expect(accept({ self: { name: 1 } })).toBeUndefined();
    expect(accept(1)).toBeUndefined();
    expect(types).toContain("SampleRoot");
  });
});

describe("what a keyword has looked at counts for unevaluatedProperties", () => {
  test.each([
    [{ if: { properties: { a: true } } }, "unevaluatedProperties"],
    [{ contains: true, minContains: 0 }, "unevaluatedItems"],
  ])("%j isn't dropped as idle", async (idle, keyword) => {
    const { problems } = await readTask(property({ ...idle, [keyword]: false }));
    expect(problems.length).toBeGreaterThan(0);
  });
});

test("$recursiveRef is refused where it may mean several places", async () => {
  const { problems } = await readTask({
    $schema: "https://json-schema.org/draft/2019-09/schema",
    $id: "https://a.test/outer",
    $recursiveAnchor: true,
    ...property({ $ref: "inner" }),
    $defs: {
      inner: {
        $id: "inner",
        $recursiveAnchor: true,
        type: ["object", "number"],
        properties: { next: { $recursiveRef: "#" } },
      },
    },
  });
  expect(problems).toEqual(["unknown-keyword /$defs/inner/properties/next/$recursiveRef"]);
});

describe("dialects", () => {
  test("OpenAPI 3.0's is draft-04's, with nullable", async () => {
    const { problems, warnings, accept } = await readTask({
      $schema: "https://spec.openapis.org/oas/3.0/schema/2024-10-18#/definitions/Schema",
      type: "object",
      properties: {
        a: { type: "number", minimum: 1, exclusiveMinimum: true },
        b: { type: "string", nullable: true },
        c: { anyOf: [{ type: "string" }, { enum: [null], nullable: true }] },
      },
    });
    expect(problems).toEqual([]);
    expect(warnings).toEqual(["nullable /properties/b/nullable"]);
    expect(accept({ a: 1.5, b: null, c: null })).toBeDefined();
    expect(accept({ a: 1 })).toBeUndefined();
  });

  test("an address beside $ref at the root is that of the document", async () => {
    const { problems, warnings, accept } = await readTask({
      $schema: "http://json-schema.org/draft-07/schema#",
      $id: "https://example.com/order",
      $ref: "https://example.com/order#/definitions/Order",
      definitions: { Order: property({ type: "string" }) },
    });
    expect(problems).toEqual([]);
    expect(warnings).toEqual([]);
    expect(accept({ value: 1 })).toBeUndefined();
  });
});

describe("formats", () => {
  test("one that nothing checks warns, unless a pattern beside it says what is meant", async () => {
    const { warnings } = await readTask({
      type: "object",
      properties: {
        alone: { type: "string", format: "starts_with" },
        checked: { type: "string", format: "starts_with", pattern: "^a" },
      },
    });
    expect(warnings).toEqual(["unknown-format /properties/alone/format"]);
  });
});

describe("defaults that can't be filled in truly", () => {
  const schema = {
    type: "object",
    properties: {
      whole: {
        allOf: [{ $ref: "#/$defs/part" }, { properties: { on: { const: true } } }],
      },
      part: { $ref: "#/$defs/part" },
    },
    $defs: { part: { type: "object", properties: { on: { type: "boolean", default: false } } } },
  };

  test("stay annotations, with a warning", async () => {
    const { problems, warnings, accept, messages } = await readTask(schema);
    expect(problems).toEqual([]);
    expect(warnings).toEqual(["default-in-combination /$defs/part/properties/on/default"]);
    expect(messages[0]).toContain("It is not filled in.");
    expect(accept({ whole: {}, part: {} })).toEqual({ whole: {}, part: {} });
    expect(accept({ whole: { on: false } })).toBeUndefined();
  });

  test("are refused in strict mode", async () => {
    const { problems } = await readTask(schema, { strict: true });
    expect(problems).toEqual(["default-in-combination /properties/whole"]);
  });
});

describe("defaults that maxProperties would count", () => {
  const open = {
    type: "object",
    properties: { a: { type: "number", default: 1 }, b: { type: "number" } },
    maxProperties: 1,
  };

  test("aren't filled in, so that they make no object too large", async () => {
    const { problems, warnings, accept } = await readTask(open);
    expect(problems).toEqual([]);
    expect(warnings).toEqual(["counted-default /properties/a/default"]);
    expect(accept({ b: 2 })).toEqual({ b: 2 });
    expect(accept({ a: 1, b: 2 })).toBeUndefined();
  });

  test("are filled in where they can't", async () => {
    const closed = { ...open, maxProperties: 2, additionalProperties: false };
    const { warnings, accept } = await readTask(closed);
    expect(warnings).toEqual([]);
    expect(accept({ b: 2 })).toEqual({ a: 1, b: 2 });
  });

  test("are refused in strict mode", async () => {
    const { problems } = await readTask(open, { strict: true });
    expect(problems).toEqual(["counted-default /properties/a/default"]);
  });
});

test("items are compared before defaults are filled in", async () => {
  const item = { type: "object", properties: { k: { type: "number", default: 1 } } };
  const { problems, accept } = await readTask(
    property({ type: "array", items: item, uniqueItems: true }),
  );
  expect(problems).toEqual([]);
  expect(accept({ value: [{}, { k: 1 }] })).toEqual({ value: [{ k: 1 }, { k: 1 }] });
  expect(accept({ value: [{}, {}] })).toBeUndefined();
});

test("a default that would hold itself without end isn't filled in", async () => {
  const schema = {
    type: "object",
    properties: { next: { $ref: "#/$defs/node" }, list: { type: "array", default: [] } },
    $defs: {
      node: { type: "object", properties: { next: { $ref: "#/$defs/node", default: {} } } },
    },
  };
  const { problems, warnings, accept } = await readTask(schema);
  expect(problems).toEqual([]);
  expect(warnings).toEqual(["broken-default /$defs/node/properties/next/default"]);
  expect(accept({ next: {} })).toEqual({ next: {}, list: [] });
  const strict = await readTask(schema, { strict: true });
  expect(strict.problems).toEqual(["broken-default /$defs/node/properties/next/default"]);
});

test("a default that a pattern for its name refuses isn't filled in", async () => {
  const { problems, warnings, accept } = await readTask({
    type: "object",
    properties: { a1: { default: 1 }, b1: { default: 1 } },
    patternProperties: { "^a": { type: "string" } },
  });
  expect(problems).toEqual([]);
  expect(warnings).toEqual(["broken-default /properties/a1/default"]);
  expect(accept({})).toEqual({ b1: 1 });
});

test("a list of alternatives may go round to the document itself", async () => {
  const { problems, accept } = await readTask({
    type: "object",
    properties: {
      name: { type: "string" },
      parts: {
        type: "array",
        items: {
          type: "object",
          anyOf: [
            { properties: { label: { type: "string" } }, required: ["label"] },
            { $ref: "#" },
          ],
        },
      },
    },
    required: ["name"],
  });
  expect(problems).toEqual([]);
  expect(accept({ name: "a", parts: [{ label: "b" }, { name: "c", parts: [] }] })).toBeDefined();
  expect(accept({ name: "a", parts: [{ other: 1 }] })).toBeUndefined();
});
