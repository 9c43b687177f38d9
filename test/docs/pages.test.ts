import { existsSync } from "node:fs";
import path from "node:path";
import { describe, expect, test } from "vitest";
import { parseCrontab } from "taskwright";
import { fileOf } from "./layout.js";
import { parsePage, readPages, repository, type Block, type Page } from "./page.js";
import { commandLines, taskwrightArguments } from "./shell.js";

const pages = await readPages();

/** How blocks of each language are checked; the examples' test runs what can be run. */
const checks: Readonly<Record<string, (block: Block) => void>> = {
  ts: () => {},
  sql: () => {},
  sh: checkShell,
  json: ({ text }) => void JSON.parse(text),
  crontab: ({ text }) => void parseCrontab(text),
  text: ({ info }) => expect(info["of"], "text says of which program it is").toBeDefined(),
};

/** Languages that are shown and not checked, each with the reason. */
const unchecked: Readonly<Record<string, string>> = {
  rust: "no Rust compiler is at hand",
  py: "no Python is at hand",
  go: "no Go compiler is at hand",
  js: "its tool is not installed here",
};

/** Programs that pages may name beside ours: they belong to the reader's system. */
const otherPrograms = ["npm", "npx"];

const infoWords: readonly string[] = ["file", "run", "of"];

describe.each(pages)("$file", (page) => {
  test("has no code block that nothing checks", () => {
    for (const block of page.blocks) {
      const { language, info, line } = block;
      const place = `${page.file}:${line}`;
      expect([...Object.keys(checks), ...Object.keys(unchecked)], place).toContain(language);
      for (const word of Object.keys(info)) expect(infoWords, place).toContain(word);
      checks[language]?.(block);
    }
  });

  test("compares what programs print with programs that are run", () => {
    const files = page.blocks.filter(({ info }) => "run" in info).map(fileOf);
    const compared = page.blocks.flatMap(({ info }) => info["of"] ?? []);
    for (const file of compared) expect([...files, "main.ts"]).toContain(file);
  });

  test("links to what there is", () => {
    expect(findBrokenLinks(page, pages)).toEqual([]);
  });
});

test("finds a link to a page or a heading that isn't there", () => {
  const text = "# A page\n\n[a](b.md)\n\n[c](#d), [e](start.md#f) and [g](start.md#start).\n";
  const page = parsePage("docs/page.md", text);
  expect(findBrokenLinks(page, pages)).toEqual([
    "docs/page.md:3 b.md",
    "docs/page.md:5 #d",
    "docs/page.md:5 start.md#f",
  ]);
});

test("every page can be reached from the README", () => {
  const reached = new Set<string>();
  const visit = (file: string) => {
    if (reached.has(file)) return;
    reached.add(file);
    const page = pages.find((page) => page.file === file);
    for (const { target } of page?.links ?? []) visit(resolve(file, target.split("#")[0] ?? ""));
  };
  visit("README.md");
  expect(pages.map(({ file }) => file).filter((file) => !reached.has(file))).toEqual([]);
});

function checkShell({ text }: Block): void {
  for (const words of commandLines(text)) {
    if (taskwrightArguments(words) === undefined) expect(otherPrograms).toContain(words[0]);
  }
}

function findBrokenLinks(page: Page, all: readonly Page[]): string[] {
  const { file } = page;
  return page.links.flatMap(({ line, target }) => {
    if (/^https?:/u.test(target)) return [];
    const [name = "", anchor] = target.split("#");
    const found = resolve(file, name);
    const linked = found === file ? page : all.find((other) => other.file === found);
    const isThere = linked !== undefined || existsSync(path.join(repository, found));
    const isWhole = isThere && (anchor === undefined || linked?.anchors.has(anchor) === true);
    return isWhole ? [] : [`${file}:${line} ${target}`];
  });
}

function resolve(from: string, target: string): string {
  return target === "" ? from : path.posix.join(path.posix.dirname(from), target);
}
