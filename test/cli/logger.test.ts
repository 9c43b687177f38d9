import { describe, expect, test } from "vitest";
import { createLogger } from "../../src/cli/logger.js";
import type { Terminal } from "../../src/cli/terminal.js";

function logged(isJson: boolean, details: object): string {
  const lines: string[] = [];
  const terminal = { err: (line: string) => lines.push(line), isColoured: false };
  const logger = createLogger(terminal as unknown as Terminal, { level: "info", isJson });
  logger.info("It happened.", details as Record<string, unknown>);
  expect(lines).toHaveLength(1);
  return lines[0] ?? "";
}

const loggedJson = (details: object) => JSON.parse(logged(true, details)) as object;

test("the causes of an error are logged with their stacks", () => {
  const origin = new TypeError("the origin");
  const error = new Error("it failed", { cause: new Error("as this did", { cause: origin }) });
  expect(loggedJson({ error })).toMatchObject({
    message: "It happened.",
    error: {
      message: "it failed",
      cause: { message: "as this did", cause: { message: "the origin", stack: origin.stack } },
    },
  });
});

test("errors inside of other values are logged, too, and so are causes that are no errors", () => {
  const error = new Error("first", { cause: "no disk" });
  expect(loggedJson({ errors: [error] })).toMatchObject({
    errors: [{ message: "first", cause: { message: expect.stringContaining("no disk") } }],
  });
});

const circle: Record<string, unknown> = {};
circle["self"] = circle;
const ownCause = new Error("circular");
ownCause.cause = ownCause;
const revoked = Proxy.revocable({}, {});
revoked.revoke();

describe.each([
  ["a circle", { value: circle }],
  ["an error that is its own cause", { value: ownCause }],
  ["a big integer", { value: 2n ** 70n }],
  ["a function and a symbol", { value: () => {}, symbol: Symbol("s") }],
  ["undefined", { value: undefined }],
  [
    "an object whose toJSON throws",
    {
      value: {
        toJSON: () => {
          throw new Error("no");
        },
      },
    },
  ],
  [
    "a getter that throws",
    {
      get value(): string {
        throw new Error("no");
      },
    },
  ],
  ["a revoked proxy", { value: revoked.proxy }],
  ["details that are a revoked proxy", revoked.proxy],
])("%s", (_name, details) => {
  test.each([
    ["JSON", true],
    ["text", false],
  ])("is logged as %s without an error", (_format, isJson) => {
    expect(logged(isJson, details)).toContain("It happened.");
  });
});

test("a big integer keeps its digits", () => {
  expect(loggedJson({ value: 2n ** 70n })).toMatchObject({ value: "1180591620717411303424" });
});
