import { describe, expect, test } from "vitest";
import { readTask } from "./support/read-task.js";

const draft07 = `"$schema":"http://json-schema.org/draft-07/schema#"`;

/** Names that every object inherits can't be told from ones that are there: they are refused. */
describe("a name that objects inherit is refused wherever a schema gives it", () => {
  test.each([
    ["const", `"properties":{"a":{"const":{"__proto__":1}}}`],
    ["const, deep inside", `"properties":{"a":{"const":{"b":[{"__proto__":{}}]}}}`],
    ["enum", `"properties":{"a":{"enum":[1,{"__proto__":1}]}}`],
    ["default", `"properties":{"a":{"type":"object","default":{"__proto__":{"x":1}}}}`],
    [
      "default of a definition",
      `"properties":{"a":{"$ref":"#/$defs/d"}},"$defs":{"d":{"type":"object","default":{"__proto__":{}}}}`,
    ],
    [
      "default of an alternative",
      `"properties":{"a":{"anyOf":[{"type":"object","properties":{"b":{"default":{"__proto__":{}}}}},{"type":"null"}]}}`,
    ],
    ["properties", `"properties":{"__proto__":{"type":"string"}}`],
    ["properties, with a default", `"properties":{"__proto__":{"default":{"x":1}}}`],
    ["required", `"required":["__proto__"]`],
    ["dependentRequired", `"properties":{"a":true},"dependentRequired":{"__proto__":["a"]}`],
    ["dependentRequired's list", `"properties":{"a":true},"dependentRequired":{"a":["__proto__"]}`],
    ["dependentSchemas", `"dependentSchemas":{"__proto__":{"required":["a"]}}`],
    ["dependencies", `${draft07},"properties":{"a":true},"dependencies":{"__proto__":["a"]}`],
    ["dependencies, a schema", `${draft07},"dependencies":{"__proto__":{"required":["a"]}}`],
    ["propertyNames", `"propertyNames":{"const":"__proto__"}`],
    ["propertyNames, in part", `"propertyNames":{"anyOf":[{"enum":["b","__proto__"]}]}`],
    ["$defs", `"properties":{"a":{"$ref":"#/$defs/__proto__"}},"$defs":{"__proto__":{}}`],
  ])("%s", async (_, keywords) => {
    const { problems } = await readTask(`{"type":"object",${keywords}}`);
    expect(problems.map((problem) => problem.split(" ")[0])).toEqual(["inherited-name"]);
    expect(problems[0]).not.toMatch(/ $/u);
  });
});

describe("a name that objects inherit is checked where a payload gives it", () => {
  test.each([
    ["patternProperties", `"patternProperties":{"^__":{"type":"string"}}`, `"a"`, `1`],
    [
      "a pattern that is the name",
      `"patternProperties":{"__proto__":{"type":"string"}}`,
      `""`,
      `1`,
    ],
    ["additionalProperties", `"additionalProperties":{"type":"string"}`, `"a"`, `1`],
    ["propertyNames", `"propertyNames":{"pattern":"__p"}`, `1`, undefined],
  ])("%s", async (_, keywords, good, bad) => {
    const { problems, acceptText } = await readTask(`{"type":"object",${keywords}}`);
    expect(problems).toEqual([]);
    expect(acceptText(`{"__proto__":${good}}`)).toBeDefined();
    if (bad !== undefined) expect(acceptText(`{"__proto__":${bad}}`)).toBeUndefined();
  });

  test.each(["__proto__", "toString", "constructor", "hasOwnProperty"])(
    "%s is neither declared, nor evaluated",
    async (name) => {
      const declared = `"properties":{"a":true}`;
      const schemas = [
        `${declared},"additionalProperties":false`,
        `${declared},"unevaluatedProperties":false`,
        `"patternProperties":{"^a":true},"unevaluatedProperties":false`,
        `"allOf":[{${declared}},{"patternProperties":{"^b":true}}],"unevaluatedProperties":false`,
        `"oneOf":[{${declared},"required":["a"]},{"properties":{"c":true},"required":["c"]}],"unevaluatedProperties":false`,
      ];
      for (const keywords of schemas) {
        const { problems, acceptText } = await readTask(`{"type":"object",${keywords}}`);
        expect(problems).toEqual([]);
        expect(acceptText(`{"a":1}`)).toBeDefined();
        expect(acceptText(`{"a":1,"${name}":1}`)).toBeUndefined();
      }
    },
  );

  test("it is no part of a const that lacks it, and counts as a property", async () => {
    const { acceptText } = await readTask({
      type: "object",
      properties: { a: { const: { b: 1 } } },
      maxProperties: 1,
    });
    expect(acceptText(`{"a":{"b":1}}`)).toBeDefined();
    expect(acceptText(`{"a":{"__proto__":{"b":1}}}`)).toBeUndefined();
    expect(acceptText(`{"a":{"b":1},"__proto__":1}`)).toBeUndefined();
  });
});

describe("half of a surrogate pair is refused with its place, wherever it stands", () => {
  const half = "\\ud800";
  test.each([
    ["properties", `"properties":{"${half}":{}}`, "/properties/\uFFFD"],
    ["required", `"required":["${half}"]`, "/required/0"],
    ["dependencies", `${draft07},"dependencies":{"${half}":["a"]}`, "/dependencies/\uFFFD"],
    ["patternProperties", `"patternProperties":{"${half}":{}}`, "/patternProperties/\uFFFD"],
    ["pattern", `"properties":{"a":{"pattern":"${half}"}}`, "/properties/a/pattern"],
    ["const", `"properties":{"a":{"const":"${half}"}}`, "/properties/a/const"],
    ["enum", `"properties":{"a":{"enum":[{"${half}":1}]}}`, "/properties/a/enum/0/\uFFFD"],
    ["default", `"properties":{"a":{"default":"${half}"}}`, "/properties/a/default"],
    ["description", `"description":"${half}"`, "/description"],
    ["x-task", `"x-task":{"queueName":"${half}"}`, "/x-task/queueName"],
    [
      "$defs",
      `"properties":{"a":{"$ref":"#/$defs/${half}"}},"$defs":{"${half}":{}}`,
      "/properties/a/$ref",
    ],
    [
      "definitions",
      `${draft07},"properties":{"a":{"$ref":"#/definitions/${half}"}},"definitions":{"${half}":{}}`,
      "/properties/a/$ref",
    ],
  ])("%s", async (_, keywords, pointer) => {
    const { problems } = await readTask(`{"type":"object",${keywords}}`);
    expect(problems).toContain(`lone-surrogate ${pointer}`);
  });

  test("one that a pattern writes as an escape is a rule like others", async () => {
    const { problems, acceptText } = await readTask(
      `{"type":"object","properties":{"a":{"type":"string","pattern":"^\\\\ud800$"}}}`,
    );
    expect(problems).toEqual([]);
    expect(acceptText(`{"a":"${half}"}`)).toBeDefined();
    expect(acceptText(`{"a":"b"}`)).toBeUndefined();
  });
});

test.each(["#/$defs/%zz", "#%", "#/$defs/%"])("$ref %s, which decodes to nothing", async ($ref) => {
  const { problems } = await readTask({ type: "object", properties: { a: { $ref } } });
  expect(problems).toEqual(["broken-reference /properties/a/$ref"]);
});
