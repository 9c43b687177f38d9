import { describe, expect, test } from "vitest";
import type { SchemaObject } from "../../codegen/tasks/node.js";
import { compileOriginal } from "./support/original-validator.js";
import { compileElsewhere } from "./support/other-validator.js";
import { readTask } from "./support/read-task.js";

const draft04 = "http://json-schema.org/draft-04/schema#";
const draft06 = "http://json-schema.org/draft-06/schema#";
const draft07 = "http://json-schema.org/draft-07/schema#";
const draft2019 = "https://json-schema.org/draft/2019-09/schema";

interface Case {
  readonly name: string;
  readonly schema: object;
  readonly good: readonly unknown[];
  readonly bad: readonly unknown[];
  readonly warnings?: readonly string[];
  /** A part of the TypeScript type. */
  readonly type?: RegExp;
}

function about(schema: object, rest: object = {}): object {
  return { type: "object", properties: { value: schema }, ...rest };
}

function values(...list: unknown[]): { value: unknown }[] {
  return list.map((value) => ({ value }));
}

const cases: readonly Case[] = [
  {
    name: "draft-04's booleans for bounds, and id",
    schema: about(
      { $ref: "#positive" },
      {
        $schema: draft04,
        id: "https://a.test/root.json",
        definitions: {
          positive: {
            id: "#positive",
            type: "number",
            minimum: 0,
            exclusiveMinimum: true,
            maximum: 9,
            exclusiveMaximum: false,
          },
        },
      },
    ),
    good: values(1, 9),
    bad: values(0, 10, "a"),
    type: /value\?: \w+Positive\b/u,
  },
  {
    name: "draft-06's const, contains and exclusive bounds",
    schema: about(
      { type: "array", contains: { const: 1 }, items: { type: "number", exclusiveMinimum: 0 } },
      { $schema: draft06 },
    ),
    good: values([1], [2, 1]),
    bad: values([], [2], [1, 0]),
  },
  {
    name: "definitions, at any depth",
    schema: about(
      { $ref: "#/definitions/outer/definitions/inner" },
      {
        $schema: draft07,
        definitions: { outer: { definitions: { inner: { type: "string" } }, type: "number" } },
      },
    ),
    good: values("a"),
    bad: values(1),
  },
  {
    name: "a list of items, with and without the rest",
    schema: {
      $schema: draft07,
      type: "object",
      properties: {
        open: { type: "array", items: [{ type: "string" }] },
        closed: { type: "array", items: [{ type: "string" }], additionalItems: false },
        typed: {
          type: "array",
          items: [{ type: "string" }],
          additionalItems: { type: "number" },
        },
        same: { type: "array", items: { type: "string" }, additionalItems: false },
      },
    },
    good: [{ open: ["a", 1], closed: ["a"], typed: ["a", 1], same: ["a", "b"] }],
    bad: [{ open: [1] }, { closed: ["a", 1] }, { typed: ["a", "b"] }, { same: ["a", 1] }],
  },
  {
    name: "dependencies of both kinds",
    schema: {
      $schema: draft07,
      type: "object",
      properties: { a: { type: "string" }, b: { type: "string" }, c: { type: "string" } },
      dependencies: { a: ["b"], c: { required: ["a"] } },
    },
    good: [{}, { a: "x", b: "x" }, { c: "x", a: "x", b: "x" }],
    bad: [{ a: "x" }, { c: "x" }],
  },
  {
    name: "rules beside $ref, which drafts up to 7 ignore",
    schema: about(
      { $ref: "#/definitions/text", maxLength: 1, description: "Kept." },
      { $schema: draft07, definitions: { text: { type: "string" } } },
    ),
    good: values("ab"),
    bad: values(1),
    warnings: ["ignored-beside-ref /properties/value/maxLength"],
  },
  {
    name: "rules beside $ref, which count since draft 2019-09",
    schema: about(
      { $ref: "#/$defs/text", maxLength: 1 },
      { $schema: draft2019, $defs: { text: { type: "string" } } },
    ),
    good: values("a"),
    bad: values("ab", 1),
  },
  {
    name: "nested addresses, each with references of its own",
    schema: about(
      { $ref: "https://a.test/parts/text.json" },
      {
        $schema: draft07,
        $id: "https://a.test/root.json",
        definitions: {
          text: {
            $id: "parts/text.json",
            allOf: [{ $ref: "#/definitions/short" }],
            definitions: { short: { type: "string", maxLength: 2 } },
          },
        },
      },
    ),
    good: values("ab"),
    bad: values("abc", 1),
  },
  {
    name: "$recursiveRef",
    schema: {
      $schema: draft2019,
      $recursiveAnchor: true,
      type: "object",
      properties: { next: { $recursiveRef: "#" }, value: { type: "number" } },
    },
    good: [{ next: { next: { value: 1 } } }],
    bad: [{ next: { next: { value: "a" } } }],
  },
  {
    name: "$dynamicRef that can only mean one place",
    schema: about(
      { $dynamicRef: "#text" },
      { $defs: { text: { $dynamicAnchor: "text", type: "string" } } },
    ),
    good: values("a"),
    bad: values(1),
  },
  {
    name: "no $schema, but definitions and a list of items",
    schema: about(
      { type: "array", items: [{ $ref: "#/definitions/text" }], additionalItems: false },
      { definitions: { text: { type: "string" } } },
    ),
    good: values(["a"], []),
    bad: values([1], ["a", "b"]),
  },
  {
    name: "annotations of tools and editors",
    schema: about(
      {
        type: "string",
        contentSchema: { type: "number" },
        markdownDescription: "x",
        propertyOrder: 1,
        enumNames: ["x"],
        "x-more": { any: "thing" },
      },
      {
        discriminator: { propertyName: "value" },
        defaultProperties: [],
        allowTrailingCommas: true,
      },
    ),
    good: values("a"),
    bad: values(1),
  },
  {
    name: "a name that looks misspelt",
    schema: about({ type: "string", maxLenght: 1, Pattern: "^a" }, { requried: ["value"] }),
    good: values("bb"),
    bad: values(1),
    warnings: [
      "unknown-keyword /properties/value/maxLenght",
      "unknown-keyword /properties/value/Pattern",
      "unknown-keyword /requried",
    ],
  },
  {
    name: "patterns with escapes that the u flag doesn't allow",
    schema: about({ type: "string", pattern: "^[\\w-\\.]+\\@\\-$" }, { $schema: draft07 }),
    good: values("a-.b@-"),
    bad: values("a b@-"),
  },
];

describe.each(cases)("$name", ({ schema, good, bad, warnings = [], type }) => {
  test("is read as what it means", async () => {
    const task = await readTask(schema);
    expect(task.problems).toEqual([]);
    expect([...task.warnings].sort()).toEqual([...warnings].sort());
    const isDynamic = JSON.stringify(schema).includes("$dynamicRef");
    // ajv doesn't find a dynamic anchor that it hasn't come by.
    const original = await (isDynamic ? compileElsewhere : compileOriginal)(schema as SchemaObject);
    for (const payload of good) {
      expect([payload, original(payload), task.accept(payload)]).toEqual([payload, true, payload]);
    }
    for (const payload of bad) {
      expect([payload, original(payload), task.accept(payload)]).toEqual([
        payload,
        false,
        undefined,
      ]);
    }
    if (type !== undefined) expect(task.types).toMatch(type);
  });
});

test("a $dynamicRef that may mean several places is refused", async () => {
  const anchored = { $dynamicAnchor: "text", type: "string" };
  const { problems } = await readTask(
    about({ $dynamicRef: "#text" }, { $defs: { one: anchored, other: anchored } }),
  );
  expect(problems).toEqual(["unknown-keyword /properties/value/$dynamicRef"]);
});

test("strict mode refuses what isn't draft 2020-12", async () => {
  const { problems } = await readTask(
    about(
      { type: "string", maxLenght: 1, format: "order", nullable: true },
      { $schema: draft07, definitions: {} },
    ),
    { strict: true },
  );
  expect([...problems].sort()).toEqual([
    "other-dialect /$schema",
    "unknown-format /properties/value/format",
    "unknown-keyword /definitions",
    "unknown-keyword /properties/value/maxLenght",
    "unknown-keyword /properties/value/nullable",
  ]);
});

describe("formats of one's own", () => {
  const formats = { order: "^[A-Z]{2}-[0-9]{3}$", email: "@example\\.com$" };

  test("are checked as patterns, beside a pattern as well, and in strict mode", async () => {
    for (const strict of [false, true]) {
      const { problems, warnings, accept } = await readTask(
        {
          type: "object",
          properties: {
            order: { type: "string", format: "order" },
            both: { type: "string", format: "order", pattern: "1$" },
            list: { type: "array", items: { type: "string", format: "order" } },
            email: { type: "string", format: "email" },
          },
        },
        { strict, formats },
      );
      expect([problems, warnings]).toEqual([[], []]);
      expect(accept({ order: "AB-123", both: "AB-121", list: ["AB-123"] })).toBeDefined();
      expect(accept({ order: "AB-1" })).toBeUndefined();
      expect(accept({ both: "AB-123" })).toBeUndefined();
      expect(accept({ both: "1" })).toBeUndefined();
      expect(accept({ list: ["x"] })).toBeUndefined();
      expect(accept({ email: "a@example.org" })).toBeUndefined();
    }
  });
});

describe("defaults behind references and alternatives", () => {
  const part = {
    type: "object",
    properties: { note: { type: ["string", "null"], default: null } },
  };

  test("of an optional nested model are filled in where it is given", async () => {
    const { problems, types, accept } = await readTask({
      type: "object",
      properties: {
        part: { anyOf: [{ $ref: "#/$defs/part" }, { type: "null" }], default: null },
        other: { oneOf: [{ $ref: "#/$defs/part" }, { type: "string" }] },
      },
      $defs: { part },
    });
    expect(problems).toEqual([]);
    expect(accept({})).toEqual({ part: null });
    expect(accept({ part: {}, other: {} })).toEqual({
      part: { note: null },
      other: { note: null },
    });
    expect(accept({ part: null, other: "a" })).toEqual({ part: null, other: "a" });
    expect(types).toMatch(/interface SamplePartInput \{[^}]*note\?: /u);
  });

  test("of a definition count for the properties that refer to it", async () => {
    const { problems, accept } = await readTask({
      type: "object",
      properties: { level: { $ref: "#/$defs/level" } },
      $defs: { level: { type: "integer", default: 3 } },
    });
    expect(problems).toEqual([]);
    expect(accept({})).toEqual({ level: 3 });
  });
});
