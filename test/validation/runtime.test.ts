import { isDeepStrictEqual } from "node:util";
import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { findDuplicate, formats, isMultipleOf, withoutInherited } from "../../src/validation.js";

describe("multiples are decimal", () => {
  test.each([
    [19.99, 0.01, true],
    [4.35, 0.01, true],
    [4.355, 0.01, false],
    [1e22, 0.1, true],
    [0.0075, 0.0001, true],
    [0.00751, 0.0001, false],
    [1e308, 0.5, true],
    [5e-324, 1e-10, false],
    [-0.3, 0.1, true],
    [0, 0.01, true],
    [7, 2, false],
  ])("%d of %d: %s", (value, step, expected) => {
    expect(isMultipleOf(value, step)).toBe(expected);
  });

  test("every amount of cents is a multiple of 0.01", () => {
    fc.assert(
      fc.property(fc.integer({ min: -1e9, max: 1e9 }), (cents) => isMultipleOf(cents / 100, 0.01)),
    );
  });
});

describe("duplicates are found as deep equality finds them", () => {
  const items = fc.array(fc.jsonValue({ maxDepth: 2 }), { maxLength: 6 });

  test("of any JSON values", () => {
    fc.assert(
      fc.property(items, (items) => {
        const hasEqual = items.some((one, i) =>
          items.slice(i + 1).some((two) => isDeepStrictEqual(one, two)),
        );
        return (findDuplicate(items) !== undefined) === hasEqual;
      }),
    );
  });

  test("of strings that name inherited properties, and of objects with keys in another order", () => {
    expect(findDuplicate(["__proto__", "a", "__proto__"])).toEqual({ i: 2, j: 0 });
    expect(
      findDuplicate([
        { a: 1, b: 2 },
        { b: 2, a: 1 },
      ]),
    ).toEqual({ i: 1, j: 0 });
    expect(findDuplicate([0, -0])).toEqual({ i: 1, j: 0 });
    expect(findDuplicate(["1", 1, true, "true", null, "null"])).toBeUndefined();
  });

  test("among 30,000 objects, without comparing each with each other", () => {
    const many = Array.from({ length: 30_000 }, (_, id) => ({ id, name: `item ${id}` }));
    expect(findDuplicate(many)).toBeUndefined();
    expect(findDuplicate([...many, { name: "item 5", id: 5 }])).toEqual({ i: 30_000, j: 5 });
  }, 5000);
});

function accepts(format: string, value: unknown): boolean {
  const check = formats[format];
  if (check === true) return true;
  if (check instanceof RegExp) return check.test(String(value));
  const validate = typeof check === "object" ? (check as { validate: unknown }).validate : check;
  if (validate instanceof RegExp) return validate.test(String(value));
  return (validate as (value: unknown) => boolean)(value);
}

test("names that were marked are found, and inherited ones aren't", () => {
  const names = withoutInherited({ a: true });
  expect([names, withoutInherited(true), withoutInherited(undefined)]).toEqual([
    { a: true },
    true,
    undefined,
  ]);
  expect((names as Record<string, unknown>)["toString"]).toBeUndefined();
});

describe("formats", () => {
  test.each([
    ["int8", [-128, 127], [-129, 128, 0.5]],
    ["uint8", [0, 255], [-1, 256]],
    ["int16", [-32_768, 32_767], [32_768]],
    ["uint16", [65_535], [65_536, -1]],
    ["int32", [2 ** 31 - 1], [2 ** 31]],
    ["uint32", [2 ** 32 - 1], [2 ** 32]],
    ["int64", [2 ** 63, -(2 ** 63)], [2 ** 64, 1.5]],
    ["uint64", [2 ** 64, 0], [-1, 2 ** 65]],
    ["float", [1.5, -3], []],
    ["double", [1.5], []],
    [
      "time",
      ["10:30:00", "10:30:00.123456", "10:30:00Z", "10:30:00+02:00", "10:30"],
      ["10:3", "25:00:00", "24:00"],
    ],
    ["duration", ["P1DT2H3M4.5S", "-P1DT0S", "PT0S", "P2W", "P3D"], ["P", "1D", "PT", "PT1.5H"]],
    ["partial-time", ["10:30:00", "10:30:00.5"], ["10:30:00Z", "24:00:00"]],
    [
      "partial-date-time",
      ["2024-02-29T12:00:00", "2024-02-29T12:00:00.123"],
      ["2023-02-29T12:00:00", "2024-02-29T12:00:00Z", "2024-02-29"],
    ],
    [
      "ulid",
      ["01ARZ3NDEKTSV4RRFFQ69G5FAV"],
      ["81ARZ3NDEKTSV4RRFFQ69G5FAV", "01ARZ3NDEKTSV4RRFFQ69G5FA"],
    ],
    ["nanoid", ["V1StGXR8_Z5jdHi6B-myT"], ["V1StGXR8_Z5jdHi6B-my", "V1StGXR8 Z5jdHi6B-myT"]],
    ["cuid", ["cjld2cjxh0000qzrmn831i7rn", "cjld2cj"], ["cjld2", "xjld2cjxh0000qzrmn831i7rn"]],
    ["cuid2", ["tz4a98xxat96iws9zmbrgj3a"], ["TZ4A", ""]],
    ["xid", ["9m4e2mr0ui3e8a215n4g"], ["9m4e2mr0ui3e8a215n4"]],
    ["ksuid", ["0ujtsYcgvSTl8PAuAdqWYSMnLOv"], ["0ujtsYcgvSTl8PAuAdqWYSMnLO"]],
    ["e164", ["+4915112345678"], ["004915112345678", "+0123456789"]],
    ["jwt", ["eyJhbGciOiJIUzI1NiJ9.eyJhIjoxfQ.c2ln"], ["abc", "a.b.c.d"]],
    ["base64", ["", "YQ==", "YWI=", "YWJj"], ["YQ=", "YQ==\n", "Y-Q="]],
    ["base64url", ["", "YQ", "Y-_j"], ["Y", "Y+/j"]],
    ["cidrv6", ["2001:db8::/32", "::/0"], ["2001:db8::/129", "2001:db8::", "/1", "10.0.0.0/8"]],
    ["cidrv4", ["10.0.0.0/8", "0.0.0.0/0"], ["10.0.0.0/33", "10.0.0.0"]],
  ])("%s", (format, good, bad) => {
    for (const value of good) expect([value, accepts(format, value)]).toEqual([value, true]);
    for (const value of bad) expect([value, accepts(format, value)]).toEqual([value, false]);
  });
});
