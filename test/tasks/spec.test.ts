import { runInNewContext } from "node:vm";
import { describe, expect, test } from "vitest";
import { TaskwrightError } from "../../src/errors.js";
import { resolveSpec, type TaskSpec } from "../../src/tasks/spec.js";

function refusal(given: unknown): TaskwrightError {
  try {
    resolveSpec("send_email", {}, given as TaskSpec);
  } catch (error) {
    if (error instanceof TaskwrightError) return error;
    throw error;
  }
  throw new Error("It was accepted.");
}

describe("the options of a job", () => {
  test("win over the task's defaults, one by one", () => {
    const spec = resolveSpec(
      "send_email",
      { queueName: "mail", maxAttempts: 5, priority: 3 },
      { priority: -5, queueName: null },
    );
    expect(spec).toEqual({ queueName: null, maxAttempts: 5, priority: -5 });
  });

  test("that are undefined leave the default in place", () => {
    expect(resolveSpec("t", { priority: 3 }, { priority: undefined } as never)).toEqual({
      priority: 3,
    });
  });

  test.each([
    ["a date as text", { runAt: "2026-01-01" }, "runAt"],
    ["an invalid date", { runAt: new Date(Number.NaN) }, "runAt"],
    ["a date before the year 1", { runAt: new Date("0000-12-31") }, "runAt"],
    ["half a surrogate pair", { jobKey: "a\ud800" }, "jobKey"],
    ["half a surrogate pair in a flag", { flags: ["\udc00"] }, "flags"],
    ["a hole among the flags", { flags: Object.assign(["a"], { length: 2 }) }, "flags"],
    ["a fraction", { priority: 1.5 }, "priority"],
    ["a priority past 16 bits", { priority: 32_768 }, "priority"],
    ["no attempt at all", { maxAttempts: 0 }, "maxAttempts"],
    ["an empty queue name", { queueName: "" }, "queueName"],
    ["a queue name of 129 characters", { queueName: "q".repeat(129) }, "queueName"],
    ["a NUL, which no text of PostgreSQL holds", { queueName: "a\0b" }, "queueName"],
    ["a key of 513 characters", { jobKey: "k".repeat(513) }, "jobKey"],
    ["a mode that doesn't exist", { jobKey: "k", jobKeyMode: "dedupe" }, "jobKeyMode"],
    ["flags as text", { flags: "gpu" }, "flags"],
    ["an empty flag", { flags: [""] }, "flags"],
    ["a mode without a key", { jobKeyMode: "replace" }, "jobKeyMode"],
  ])("are refused: %s", (_case, given, option) => {
    expect(refusal(given)).toMatchObject({
      code: "SPEC_INVALID",
      details: { task: "send_email", option },
    });
  });

  test.each([[null], [5], ["now"], [[]], [new Date()], [() => ({})]])(
    "are refused when they are no object: %s",
    (given) => {
      expect(refusal(given)).toMatchObject({
        code: "SPEC_INVALID",
        details: { task: "send_email" },
      });
    },
  );

  test("are refused when they can't be read", () => {
    const given = {
      get priority(): number {
        throw new Error("no priority");
      },
    };
    expect(refusal(given)).toMatchObject({
      code: "SPEC_INVALID",
      message: expect.stringMatching(/no priority/u) as string,
    });
  });

  test("may have a Date of another realm, as test runners make them", () => {
    const runAt = runInNewContext("new Date(0)") as Date;
    expect(resolveSpec("t", {}, { runAt })).toEqual({ runAt });
  });

  test("that are misspelt are refused with a suggestion", () => {
    expect(refusal({ queuename: "mail" }).message).toContain('Did you mean "queueName"?');
    expect(refusal({ max_attempts: 3 }).message).toContain("doesn't exist");
  });

  test("count characters as PostgreSQL does", () => {
    const queueName = "🐘".repeat(128);
    expect(resolveSpec("t", {}, { queueName })).toEqual({ queueName });
    expect(refusal({ queueName: `${queueName}🐘` }).code).toBe("SPEC_INVALID");
  });
});
