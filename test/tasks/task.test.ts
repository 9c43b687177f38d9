import { Ajv2020 } from "ajv/dist/2020.js";
import { describe, expect, test } from "vitest";
import { defineTask, type PayloadValidator } from "../../src/tasks/task.js";

// Codegen compiles validators ahead; here they are compiled in place to keep the schema in view.
function compile(schema: object): PayloadValidator {
  return new Ajv2020({ allErrors: true, useDefaults: true }).compile(schema);
}

const greeting = {
  type: "object",
  properties: {
    name: { type: "string" },
    tone: { enum: ["warm", "cold"], default: "warm" },
    secret: { type: "string", maxLength: 3 },
  },
  required: ["name"],
  additionalProperties: false,
};

const greet = defineTask<{ name: string; tone?: string }, { name: string; tone: string }>({
  identifier: "greet",
  schema: "graphile_worker",
  validator: compile(greeting),
});

const greetAll = defineTask<readonly { name: string }[], { name: string; tone: string }[]>({
  identifier: "greet_all",
  schema: "graphile_worker",
  validator: compile(greeting),
  batch: {},
});

describe("validate", () => {
  test("fills defaults in, and leaves the given value as it was", () => {
    const given = { name: "Ada" };
    expect(greet.validate(given)).toEqual({ ok: true, value: { name: "Ada", tone: "warm" } });
    expect(given).toEqual({ name: "Ada" });
  });

  test("leaves out what the peers put into payloads", () => {
    const given = { name: "Ada", _cron: { ts: "2026-01-01T00:00:00Z" }, _trace: {} };
    expect(greet.validate(given)).toEqual({ ok: true, value: { name: "Ada", tone: "warm" } });
  });

  test("leaves out of a batch's items what the Rust crate puts into each", () => {
    const given = [{ name: "Ada", _trace: { trace_id: "1" } }, { name: "Grace" }];
    const value = [
      { name: "Ada", tone: "warm" },
      { name: "Grace", tone: "warm" },
    ];
    expect(greetAll.validate(given)).toEqual({ ok: true, value });
  });

  test("names the property, the rule and what was given, but not its content", () => {
    const result = greet.validate({ tone: "loud", secret: "hunter2", extra: 1 });
    expect(result).toEqual({
      ok: false,
      issues: expect.arrayContaining([
        { pointer: "/name", rule: "required", message: "is required" },
        expect.objectContaining({ pointer: "/extra", rule: "additionalProperties" }),
        expect.objectContaining({ pointer: "/tone", given: "a string of 4 characters" }),
        expect.objectContaining({ pointer: "/secret", given: "a string of 7 characters" }),
      ]),
    });
    expect(JSON.stringify(result)).not.toContain("hunter2");
  });

  test("sees what JSON sees", () => {
    expect(greet.validate({ name: new Date(0) }).ok).toBe(true);
    expect(greet.validate({ name: "Ada", extra: undefined }).ok).toBe(true);
    expect(greet.validate({ name: "Ada", secret: 1n }).ok).toBe(false);
    expect(greet.validate({ name: "Ada", secret: Number.NaN }).ok).toBe(false);
    expect(greet.validate(undefined).ok).toBe(false);
    const circular: Record<string, unknown> = { name: "Ada" };
    circular["self"] = circular;
    expect(greet.validate(circular)).toMatchObject({ ok: false, issues: [{ rule: "json" }] });
  });

  test("points at the item of a batch", () => {
    expect(greetAll.validate([{ name: "Ada" }, {}])).toMatchObject({
      ok: false,
      issues: [{ pointer: "/1/name", rule: "required" }],
    });
    expect(greetAll.validate({ name: "Ada" })).toMatchObject({
      ok: false,
      issues: [{ pointer: "", rule: "type" }],
    });
  });

  test("reports a bounded number of issues for a hostile payload", () => {
    const hostile = Object.fromEntries(Array.from({ length: 5_000 }, (_, i) => [`key${i}`, i]));
    const result = greet.validate(hostile);
    expect(result.ok).toBe(false);
    if (!result.ok) expect(result.issues.length).toBeLessThanOrEqual(20);
  });

  test("isn't fooled by a __proto__ key", () => {
    const hostile: unknown = JSON.parse('{"name":"Ada","__proto__":{"tone":"cold"}}');
    expect(greet.validateParsed(hostile).ok).toBe(false);
    expect(Object.hasOwn(Object.prototype, "tone")).toBe(false);
  });
});

describe("the Standard Schema", () => {
  test("gives the value with defaults, or issues with paths", () => {
    const { validate, vendor, version } = greet.standard["~standard"];
    expect({ vendor, version }).toEqual({ vendor: "taskwright", version: 1 });
    expect(validate({ name: "Ada" })).toEqual({ value: { name: "Ada", tone: "warm" } });
    expect(validate({})).toEqual({ issues: [{ message: "is required", path: ["name"] }] });
  });
});
