import { runInNewContext } from "node:vm";
import { inspect } from "node:util";
import { describe, expect, test } from "vitest";
import { toError } from "../src/errors.js";
import { messageOf } from "../src/thrown.js";
import { toAscii, toErrorText } from "../src/worker/error-text.js";
import { hostileValues } from "./support/hostile.js";

describe("whatever is thrown", () => {
  test.each(hostileValues)("becomes an Error that can be read: $name", ({ make }) => {
    const error = toError(make());
    expect(typeof error.message).toBe("string");
    expect(typeof error.name).toBe("string");
    expect(typeof error.stack).toBe("string");
    for (const key of ["code", "details", "cause"]) {
      expect(() => (error as unknown as Record<string, unknown>)[key]).not.toThrow();
    }
    expect(() => inspect(error)).not.toThrow();
    expect(typeof messageOf(make())).toBe("string");
    expect(toErrorText(error)).not.toBe("");
    expect(toErrorText(error).length).toBeLessThanOrEqual(10_000);
    expect(toErrorText(error)).not.toContain("\0");
  });
});

test("an Error that can be read stays itself, also one of another realm", () => {
  for (const error of [
    new TypeError("x"),
    runInNewContext("new RangeError('y')") as Error,
    new DOMException("z"),
    Object.assign(Object.create(Error.prototype) as Error, { message: "m" }),
  ]) {
    expect(toError(error)).toBe(error);
  }
});

test("an Error that can't be read keeps what can be", () => {
  const error = Object.assign(new TypeError("x"), { code: "E_X" });
  Object.defineProperty(error, "message", { value: { detail: 1 } });
  const read = toError(error);
  expect(read).toMatchObject({ name: "TypeError", message: '{"detail":1}', code: "E_X" });
  expect(read.stack).toBe(error.stack);
});

test("text in ASCII keeps its lines and says what the other characters were", () => {
  expect(toAscii("a\n\tb ☃ é 😀 \u0007")).toBe("a\n\tb \\u2603 \\u00e9 \\ud83d\\ude00 \\u0007");
  const json = JSON.stringify({ ключ: "☃\u007f" });
  expect(JSON.parse(toAscii(json))).toEqual(JSON.parse(json));
});
