import { readdirSync, readFileSync } from "node:fs";
import path from "node:path";
import { describe, expect, test } from "vitest";
import { readPages, repository, type Block } from "./page.js";

const corpus = path.join(repository, "test/codegen/corpus");
const page = (await readPages()).find(({ name }) => name === "schemas-from-tools");
const blocks = page?.blocks ?? [];

/** The example's file on the page, and the folders of its model and of what the tool printed. */
const examples = [
  { file: "pydantic_receipt", models: "pydantic", tool: "pydantic" },
  { file: "zod_receipt", models: "zod", tool: "zod" },
  { file: "typebox_receipt", models: "typebox", tool: "typebox" },
  { file: "valibot_receipt", models: "valibot", tool: "valibot" },
  { file: "schemars_receipt", models: "schemars", tool: "schemars" },
  { file: "invopop_receipt", models: "invopop", tool: "invopop" },
  {
    file: "tsjsg_receipt",
    models: "ts-json-schema-generator",
    tool: "ts-json-schema-generator",
  },
  { file: "tjs_receipt", models: "ts-json-schema-generator", tool: "typescript-json-schema" },
];

test("the page has an example for each tool of the corpus", () => {
  const tools = readdirSync(corpus, { withFileTypes: true }).filter((entry) => entry.isDirectory());
  expect(examples.map(({ tool }) => tool).sort()).toEqual(tools.map(({ name }) => name).sort());
});

describe.each(examples)("$tool", ({ file, models, tool }) => {
  const index = blocks.findIndex(({ info }) => info["file"] === `schemas/${file}.json`);

  test("the schema is what the tool printed", () => {
    const printed = readFileSync(path.join(corpus, tool, "schemas/receipt.json"), "utf8");
    expect(JSON.parse(blocks[index]?.text ?? "null")).toEqual(JSON.parse(printed));
  });

  test("the model is what it was printed from", () => {
    const sources = readdirSync(path.join(corpus, models))
      .filter((name) => /\.(?:py|js|ts|rs|go)$/u.test(name))
      .map((name) => plain(readFileSync(path.join(corpus, models, name), "utf8")));
    const isModel = ({ language, info }: Block) =>
      ["py", "js", "rust", "go"].includes(language) || info["file"] === "models.ts";
    const model = blocks.slice(0, index).findLast(isModel);
    const parts = (model?.text ?? "?").split("\n\n").filter((part) => !part.startsWith("import "));
    expect(parts.length).toBeGreaterThan(0);
    for (const part of parts.map(plain)) {
      expect(
        sources.some((source) => source.includes(part)),
        part,
      ).toBe(true);
    }
  });
});

/** Without what formatters change. */
function plain(text: string): string {
  return text.replaceAll(/\s+/gu, " ");
}
