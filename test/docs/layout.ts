import type { Block, Page } from "./page.js";

/** Where TypeScript goes that names no file: a page's blocks continue each other. */
export const mainFile = "main.ts";

/** The page whose files are in every other page's project, too. */
export const basePage = "start";

/** The page that stands for itself. */
const standalonePage = "README";

/**
 * The files of a page's project, by name: those that its blocks show, over those of the first page.
 * Every line stands where it stands in the page, so that compilers and stack traces name the line.
 */
export function layOut(page: Page, pages: readonly Page[]): Map<string, string> {
  const files = new Map<string, string>();
  const base = pages.find(({ name }) => name === basePage);
  if (base !== undefined && page.name !== standalonePage && page !== base) {
    for (const [file, blocks] of groupBlocks(base)) {
      if (isOnlyShown(file, blocks)) continue;
      files.set(file, write(file, blocks));
    }
  }
  for (const [file, blocks] of groupBlocks(page)) files.set(file, write(file, blocks));
  return files;
}

/** Programs of the first page are its own; what they import is for all. */
function isOnlyShown(file: string, blocks: readonly Block[]): boolean {
  return file === mainFile || blocks.some(({ info }) => "run" in info);
}

/** The blocks that go into files, by file. */
export function groupBlocks(page: Page): Map<string, Block[]> {
  const groups = new Map<string, Block[]>();
  for (const block of page.blocks) {
    const file = fileOf(block);
    if (file !== undefined) groups.set(file, [...(groups.get(file) ?? []), block]);
  }
  return groups;
}

/** The file that a block is, or is a part of. */
export function fileOf({ language, info }: Block): string | undefined {
  if (language === "ts") return info["file"] ?? mainFile;
  return ["json", "crontab", "sql"].includes(language) ? info["file"] : undefined;
}

function write(file: string, blocks: readonly Block[]): string {
  if (!file.endsWith(".ts")) return blocks.map(({ text }) => `${text}\n`).join("");
  const lines: string[] = [];
  for (const { line, text } of blocks) {
    while (lines.length < line - 1) lines.push("");
    lines.push(...text.split("\n"));
  }
  return withoutRepeatedImports(`${lines.join("\n")}\n`);
}

/** Blocks that continue each other may each import what they use: the second time it is left out. */
function withoutRepeatedImports(code: string): string {
  const seen = new Set<string>();
  return code.replaceAll(importStatement, (statement, names: string, from: string) => {
    const fresh = names
      .split(",")
      .map((name) => name.trim())
      .filter((name) => name !== "" && !seen.has(`${name} ${from}`));
    for (const name of fresh) seen.add(`${name} ${from}`);
    const newLines = "\n".repeat(statement.split("\n").length - 1);
    return fresh.length === 0 ? newLines : `import { ${fresh.join(", ")} } from ${from}${newLines}`;
  });
}

const importStatement = /^import \{([^}]*)\} from ("[^"]*";)/gmu;
