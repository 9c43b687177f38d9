import { describe, expect, test } from "vitest";
import { readTask } from "./support/read-task.js";

function property(schema: object): object {
  return { type: "object", properties: { value: schema }, additionalProperties: false };
}

function many<T>(count: number, make: (index: number) => T): T[] {
  return Array.from({ length: count }, (_, index) => make(index));
}

describe("lists of values of any length are no combinations", () => {
  test.each<[string, object, unknown, unknown]>([
    ["101 strings", { type: "string", enum: many(101, (n) => `v${n}`) }, "v100", "v101"],
    ["strings with a pattern", { enum: many(300, (n) => `v${n}`), pattern: "0$" }, "v10", "v11"],
    ["numbers", { type: "integer", enum: many(500, (n) => n) }, 499, 500],
    ["mixed", { type: ["string", "null"], enum: [...many(150, String), null] }, null, 1],
    ["objects", { type: "object", enum: many(150, (n) => ({ n })) }, { n: 149 }, { n: 150 }],
    ["anyOf const", { anyOf: many(150, (n) => ({ const: `v${n}` })) }, "v149", "v150"],
    [
      "oneOf const",
      { oneOf: many(150, (n) => ({ const: `v${n}`, title: `${n}` })) },
      "v149",
      "v150",
    ],
  ])("%s", async (_, schema, good, bad) => {
    const { problems, accept } = await readTask(property(schema));
    expect(problems).toEqual([]);
    expect(accept({ value: good })).toEqual({ value: good });
    expect(accept({ value: bad })).toBeUndefined();
  });

  test("what the rules beside the list rule out is no part of the type", async () => {
    const { types } = await readTask(
      property({ enum: many(300, (n) => `v${n}`), pattern: "^v29.$" }),
    );
    expect(types).toContain('"v290" | "v291"');
    expect(types).not.toContain('"v1"');
  });
});

describe("dependentRequired", () => {
  const names = many(7, (n) => [`a${n}`, `b${n}`] as const);
  const properties = Object.fromEntries(names.flat().map((name) => [name, { type: "string" }]));

  test("of seven independent pairs is checked, and typed as far as can be read", async () => {
    const { problems, types, accept } = await readTask({
      type: "object",
      properties,
      dependentRequired: Object.fromEntries(names.map(([a, b]) => [a, [b]])),
      additionalProperties: false,
    });
    expect(problems).toEqual([]);
    expect(types).toContain("a6?: string");
    expect(accept({ a0: "x", b0: "x" })).toBeDefined();
    expect(accept({ a0: "x", b0: "x", a6: "x" })).toBeUndefined();
  });
});

describe("bounds of 64 bits", () => {
  const bounded = (low: string, high: string) =>
    `{"type":"object","properties":{"value":{"type":"integer","minimum":${low},"maximum":${high}}}}`;

  test("are compared as JavaScript reads them, with a warning where that rounds", async () => {
    const { problems, warnings, messages, accept, acceptText } = await readTask(
      bounded("-9223372036854775808", "9223372036854775807"),
    );
    expect(problems).toEqual([]);
    expect(warnings).toEqual(["rounded-bound /properties/value/maximum"]);
    expect(messages.join()).toContain("formats int64 and uint64");
    expect(acceptText('{"value":-9223372036854775808}')).toBeDefined();
    expect(acceptText('{"value":9223372036854775807}')).toBeDefined();
    expect(accept({ value: 1e19 })).toBeUndefined();
  });

  test("a value that JavaScript would change is still refused", async () => {
    const { problems } = await readTask(
      '{"type":"object","properties":{"value":{"const":9223372036854775807}}}',
    );
    expect(problems).toEqual(["inexact-number /properties/value/const"]);
  });
});
