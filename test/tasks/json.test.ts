import { runInNewContext } from "node:vm";
import { expect, test } from "vitest";
import { toJson } from "../../src/tasks/json.js";

const circle: Record<string, unknown> = {};
circle["circle"] = circle;

const twice = { a: 1 };

const nested = (depth: number): unknown => {
  let value: unknown = 1;
  for (let level = 0; level < depth; level++) value = [value];
  return value;
};

test.each<[string, unknown, string]>([
  ["nothing at all", undefined, ""],
  ["NaN", { a: [{ "b/~": NaN }] }, "/a/0/b~1~0"],
  ["Infinity", [1, Infinity], "/1"],
  ["a boxed NaN", { n: new Number(NaN) }, "/n"],
  ["what toJSON makes NaN", { n: { toJSON: () => NaN } }, "/n"],
  ["a BigInt", { same: [{}, {}], id: 1n }, "/id"],
  ["a function", { a: { f: () => 1 } }, "/a/f"],
  ["a symbol", { s: Symbol("s") }, "/s"],
  ["a Map", new Map([[1, 2]]), ""],
  ["a Map of another realm", { m: runInNewContext("new Map()") as unknown }, "/m"],
  ["a Set", { s: new Set([1]) }, "/s"],
  ["a promise that was forgotten", { p: Promise.resolve(1) }, "/p"],
  ["an Error", { e: new TypeError("x") }, "/e"],
  ["an invalid Date", { at: [new Date(NaN)] }, "/at/0"],
  ["undefined in an array", { a: [1, undefined] }, "/a/1"],
  ["a hole in an array", { a: Array.from({ length: 1 }).concat(1) }, "/a/0"],
])("%s is refused, since JSON would lose it", (_, value, pointer) => {
  expect(toJson(value)).toMatchObject({ ok: false, issue: { pointer, rule: "json" } });
});

test.each<[string, unknown, RegExp]>([
  ["a circle", circle, /circular/u],
  ["what is nested too deeply", nested(100_000), /nested too deeply/u],
  [
    "a getter that throws",
    {
      get a() {
        throw new Error("no a");
      },
    },
    /no a/u,
  ],
  ["a toJSON that throws", { toJSON: () => JSON.parse("{") as unknown }, /JSON/u],
])("%s is refused, with the reason", (_, value, message) => {
  expect(toJson(value)).toMatchObject({
    ok: false,
    issue: { pointer: "", message: expect.stringMatching(message) as string },
  });
});

test.each<[string, unknown, unknown]>([
  ["null", null, null],
  ["a Date", { at: new Date(0) }, { at: "1970-01-01T00:00:00.000Z" }],
  ["a field that is undefined", { a: undefined, b: 1 }, { b: 1 }],
  ["the same object twice", [twice, twice], [{ a: 1 }, { a: 1 }]],
  ["what has a toJSON", { u: new URL("http://x.y/") }, { u: "http://x.y/" }],
  ["an object without prototype", Object.assign(Object.create(null), { a: 1 }), { a: 1 }],
  ["half a surrogate pair and a NUL", { "\ud800": "\0" }, { "\ud800": "\0" }],
])("%s is kept", (_, value, read) => {
  const json = toJson(value);
  expect(json.ok && JSON.parse(json.text)).toEqual(read);
});

test("keys that objects have anyway are keys like others", () => {
  const text = '{"__proto__":{"a":1},"constructor":2,"toString":3}';
  expect(toJson(JSON.parse(text))).toEqual({ ok: true, text });
});
