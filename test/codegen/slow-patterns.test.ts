import { describe, expect, test } from "vitest";
import { findSlowPatterns } from "../../codegen/tasks/slow-patterns.js";

function isSlow(pattern: string): boolean {
  return findSlowPatterns({ type: "string", pattern }).length > 0;
}

describe("patterns that a payload can make slow", () => {
  test.each(["^(a+)+$", "^(a|a)*$", "^(a|aa)+$", "\\s+$", "^(.*,)*x$", "^\\d+\\d+x$"])(
    "%s",
    (pattern) => {
      expect(isSlow(pattern)).toBe(true);
    },
  );
});

describe("patterns that take linear time", () => {
  test.each([
    "^[a-z]+$",
    "^\\d{3}-\\d{4}$",
    "^(?:a|b)\\d+$",
    "^[A-Z]{2}[0-9]{6}$",
    "^x-",
    "^[a-z]+(-[a-z]+)*$",
    "[a-z]+",
  ])("%s", (pattern) => {
    expect(isSlow(pattern)).toBe(false);
  });

  test("a long one without an open repetition isn't given to the checker, which would take seconds", () => {
    const date = "(?:\\d{2}(?:[02468][048]|[13579][26])-02-29|\\d{4}-(?:0[1-9]|1[0-2])-[0-3]\\d)";
    const start = performance.now();
    expect(isSlow(`^${date}T(?:[01]\\d|2[0-3]):[0-5]\\d:[0-5]\\d(?:\\.\\d+)?Z$`)).toBe(false);
    expect(performance.now() - start).toBeLessThan(500);
  });
});

test("the place is a pointer, also of a pattern for property names", () => {
  const found = findSlowPatterns({
    properties: { a: { pattern: "^(a+)+$" } },
    patternProperties: { "^(b+)+/$": {} },
  });
  expect(found.map(({ pointer }) => pointer)).toEqual([
    "/patternProperties/^(b+)+~1$",
    "/properties/a/pattern",
  ]);
});
