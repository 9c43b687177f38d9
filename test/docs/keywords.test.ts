import { readFileSync } from "node:fs";
import path from "node:path";
import { lexer, type Tokens } from "marked";
import { describe, expect, test } from "vitest";
import { foreignKeywords, keywords } from "../../codegen/tasks/keywords.js";
import { readTask } from "../codegen/support/read-task.js";
import { checkAssignments } from "../codegen/support/type-verdicts.js";
import {
  annotationSamples,
  checkedSamples,
  readSamples,
  refusedSamples,
  typedSamples,
  type KeywordSample,
} from "./keyword-samples.js";
import { repository } from "./page.js";

const text = readFileSync(path.join(repository, "docs/tasks.md"), "utf8");
const table = lexer(text).find(
  (token): token is Tokens.Table => token.type === "table" && token.raw.startsWith("| keyword"),
);
/** What the page says of each keyword. */
const documented = (table?.rows ?? []).flatMap(([names, kind]) =>
  [...(names?.text ?? "").matchAll(/`([^`]+)`/gu)].map(
    ([, name = ""]) => [name, kind?.text ?? ""] as const,
  ),
);

function namesOf(...kinds: readonly string[]): string[] {
  return documented.flatMap(([name, kind]) => (kinds.includes(kind) ? [name] : [])).sort();
}

function keysOf(samples: object): string[] {
  return Object.keys(samples).sort();
}

test("the table has every keyword that codegen knows, once", () => {
  const known = new Set([...keywords.keys(), ...foreignKeywords.keys()]);
  expect(documented.map(([name]) => name).sort()).toEqual([...known].sort());
});

test("each keyword has a sample of its kind", () => {
  expect(namesOf("typed")).toEqual([...keysOf(typedSamples), "default"].sort());
  expect(namesOf("checked")).toEqual(keysOf(checkedSamples));
  expect(namesOf("older", "name")).toEqual(keysOf(readSamples));
  expect(namesOf("annotation")).toEqual(keysOf(annotationSamples));
  expect(namesOf("refused")).toEqual(keysOf(refusedSamples));
});

/** What TypeScript and the validator say of each broken payload. */
async function judge(samples: Readonly<Record<string, KeywordSample>>) {
  const entries = Object.entries(samples);
  const tasks = await Promise.all(entries.map(([, { schema }]) => readTask(schema)));
  const { errors } = checkAssignments(
    entries.map(([, { broken }], index) => ({
      module: `/keywords/types${index}.ts`,
      text: tasks[index]?.types ?? "",
      type: "SamplePayload",
      value: broken,
    })),
    { types: [] },
  );
  return entries.map(([name, { broken }], index) => ({
    name,
    problems: tasks[index]?.problems,
    isTyped: errors[index] !== undefined,
    isChecked: tasks[index]?.accept(broken) === undefined,
  }));
}

describe("a keyword is what the table says", () => {
  test("typed: the compiler and the validator refuse what breaks it", async () => {
    for (const { name, ...rest } of await judge(typedSamples)) {
      expect([name, rest]).toEqual([name, { problems: [], isTyped: true, isChecked: true }]);
    }
  });

  test("checked: only the validator refuses what breaks it", async () => {
    for (const { name, ...rest } of await judge(checkedSamples)) {
      expect([name, rest]).toEqual([name, { problems: [], isTyped: false, isChecked: true }]);
    }
  });

  test("older, or a name: it is read as what it means, and typed", async () => {
    for (const { name, ...rest } of await judge(readSamples)) {
      expect([name, rest]).toEqual([name, { problems: [], isTyped: true, isChecked: true }]);
      const { problems } = await readTask(readSamples[name]?.schema ?? {}, { strict: true });
      expect([name, problems.length > 0]).toEqual([name, !keywords.has(name)]);
    }
  });

  test.each(Object.entries(annotationSamples))("annotation: %s", async (keyword, value) => {
    const withKeyword = (more: object) => ({ type: "object", properties: { a: true }, ...more });
    const plain = await readTask(withKeyword({}));
    const { problems, types, accept } = await readTask(withKeyword({ [keyword]: value }));
    expect(problems).toEqual([]);
    expect(withoutComments(types)).toBe(withoutComments(plain.types));
    expect(accept({ a: 1 })).toEqual({ a: 1 });
  });

  test.each(Object.entries(refusedSamples))("refused: %s", async (keyword, value) => {
    const { problems } = await readTask({
      type: "object",
      properties: { a: { [keyword]: value } },
    });
    expect(problems).toEqual([`unknown-keyword /properties/a/${keyword}`]);
  });

  test("default: the producer may leave the property out, and the handler has it", async () => {
    const { types, accept } = await readTask({
      type: "object",
      properties: { a: { type: "string", default: "x" } },
    });
    expect(accept({})).toEqual({ a: "x" });
    expect(types).toMatch(/interface SamplePayload \{[^}]*\ba: string/u);
    expect(types).toMatch(/interface SampleInput \{[^}]*\ba\?: string/u);
  });
});

function withoutComments(types: string): string {
  return types
    .replaceAll(/\/\*[\s\S]*?\*\//gu, "")
    .replaceAll(/\s+/gu, " ")
    .trim();
}
