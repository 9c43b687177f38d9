import { expect, test } from "vitest";
import { parseJson } from "../../codegen/json.js";
import { createAjv } from "../../codegen/tasks/ajv.js";
import { defineTask } from "../../src/index.js";
import { readTask } from "./support/read-task.js";

const levels = 3000;

test.each([
  ["properties", '{"type":"object","properties":{"a":', "}}", "/properties/a/properties/a"],
  ["anyOf", '{"anyOf":[', "]}", "/anyOf/0/anyOf/0"],
  ["not", '{"not":', "}", "/not/not"],
  ["const", '{"const":[', "]}", "/const/0"],
])("%s of 3,000 levels is refused with its place", (_, open, close, pointer) => {
  const result = parseJson(`${open.repeat(levels)}{}${close.repeat(levels)}`);
  expect(result).toMatchObject({ ok: false, rule: "too-deep", position: { line: 1 } });
  expect(result).toHaveProperty("pointer", expect.stringContaining(pointer));
});

test("a chain of 3,000 references is refused with its place", async () => {
  const chain = Array.from({ length: levels }, (_, index) => [
    `d${index}`,
    { type: "object", properties: { next: { $ref: `#/$defs/d${index + 1}` } } },
  ]);
  const { problems } = await readTask({
    type: "object",
    properties: { first: { $ref: "#/$defs/d0" } },
    $defs: { ...Object.fromEntries(chain), [`d${levels}`]: { type: "string" } },
  });
  expect(problems).toEqual([expect.stringMatching(/^too-deep \/\$defs\/d\d+\/properties\/next$/u)]);
});

/** A task whose payload is a list of any depth, with the validator that codegen would write. */
async function listTask() {
  const { schema } = await readTask({
    type: "object",
    properties: { next: { $ref: "#" }, value: { type: "number" } },
    additionalProperties: false,
  });
  const validator = createAjv(schema).compile(schema);
  return defineTask({ identifier: "list", schema: "graphile_worker", validator });
}

function list(depth: number, value: unknown): unknown {
  return JSON.parse(`${'{"next":'.repeat(depth)}{"value":${String(value)}}${"}".repeat(depth)}`);
}

test("a payload of 3,000 levels is checked to its end", async () => {
  const task = await listTask();
  expect(task.validateParsed(list(levels, 1)).ok).toBe(true);
  expect(task.validateParsed(list(levels, '"a"'))).toMatchObject({
    ok: false,
    issues: [{ pointer: `${"/next".repeat(levels)}/value`, rule: "type" }],
  });
});

test("a payload that is too deep for the stack is refused like others", async () => {
  const task = await listTask();
  const deep = list(100_000, 1);
  const issues = [{ pointer: "", rule: "depth", message: "is nested too deeply to be checked" }];
  expect(task.validateParsed(deep)).toEqual({ ok: false, issues });
  expect(task.validate(deep)).toMatchObject({ ok: false, issues: [{ pointer: "" }] });
});
