import * as fc from "fast-check";
import { expect, test } from "vitest";
import { splitItems } from "../../src/tasks/json-items.js";

test("an array's text is split into its items' texts", () => {
  fc.assert(
    fc.property(fc.array(fc.jsonValue()), fc.constantFrom(undefined, 1), (items, indent) => {
      const texts = splitItems(JSON.stringify(items, null, indent));
      expect(texts.map((text) => JSON.parse(text) as unknown)).toEqual(
        JSON.parse(JSON.stringify(items)),
      );
    }),
  );
});

test("items stay as they are written", () => {
  expect(splitItems(' [ 12345678901234567890 , "a\\"],[b\\\\" ,\n{"x": [1, 2]}]')).toEqual([
    "12345678901234567890",
    '"a\\"],[b\\\\"',
    '{"x": [1, 2]}',
  ]);
  expect(splitItems("[]")).toEqual([]);
  expect(splitItems('{"a": [1, 2]}')).toEqual([]);
  expect(splitItems("7")).toEqual([]);
});

test("items may be nested as deeply as PostgreSQL takes them, and be long", () => {
  const deep = "[".repeat(100_000) + "]".repeat(100_000);
  const long = JSON.stringify("x".repeat(5_000_000));
  expect(splitItems(`[${deep},${long}]`)).toEqual([deep, long]);
});
