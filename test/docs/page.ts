import { readdir, readFile } from "node:fs/promises";
import path from "node:path";
import { lexer, walkTokens, type Tokens } from "marked";

export const repository = path.resolve(import.meta.dirname, "../..");

/** A fenced code block. */
export interface Block {
  /** The line of the page that the code begins on, from 1. */
  readonly line: number;
  readonly language: string;
  /** What the info string says after the language: `file=app.ts run` is `{ file: "app.ts", run: "" }`. */
  readonly info: Readonly<Record<string, string>>;
  readonly text: string;
}

export interface Link {
  readonly line: number;
  readonly target: string;
}

/** A page of the documentation. */
export interface Page {
  /** Relative to the repository, such as `docs/start.md`. */
  readonly file: string;
  /** `start`, of `docs/start.md`. */
  readonly name: string;
  readonly blocks: readonly Block[];
  readonly links: readonly Link[];
  /** What links may name after `#`. */
  readonly anchors: ReadonlySet<string>;
}

/** The README and everything in docs/. */
export async function readPages(): Promise<Page[]> {
  const names = (await readdir(path.join(repository, "docs"))).filter((name) =>
    name.endsWith(".md"),
  );
  return Promise.all(["README.md", ...names.sort().map((name) => `docs/${name}`)].map(readPage));
}

async function readPage(file: string): Promise<Page> {
  const text = await readFile(path.join(repository, file), "utf8");
  return parsePage(file, text);
}

/** @param file Relative to the repository. */
export function parsePage(file: string, text: string): Page {
  const blocks: Block[] = [];
  const links: Link[] = [];
  const anchors = new Set<string>();
  const lineOf = lineFinder(text);
  void walkTokens(lexer(text), (token) => {
    const place = token as Tokens.Generic;
    if (place.type === "code") blocks.push(readBlock(place as Tokens.Code, lineOf(place.raw)));
    if (place.type === "link") {
      const { href, raw } = place as Tokens.Link;
      links.push({ line: lineOf(raw, true), target: href });
    }
    if (place.type === "heading") anchors.add(slug((place as Tokens.Heading).text, anchors));
  });
  return { file, name: path.basename(file, ".md"), blocks, links, anchors };
}

function readBlock({ raw, lang = "", text }: Tokens.Code, fenceLine: number): Block {
  const [language = "", ...words] = lang.split(/\s+/u);
  const info = Object.fromEntries(
    words.map((word) => {
      const [key = "", value = ""] = word.split("=", 2);
      return [key, value];
    }),
  );
  // An indented block has no fence, and no language either.
  return { line: fenceLine + (/^\s*[`~]{3}/u.test(raw) ? 1 : 0), language, info, text };
}

/** Finds the line of each piece of a text. Pieces are asked for in their order. */
function lineFinder(text: string): (piece: string, isInline?: boolean) => number {
  let from = 0;
  return (piece, isInline = false) => {
    const at = text.indexOf(piece, from);
    if (at === -1) return 1;
    // What is inside of a block comes after it; a link may stand inside of what comes next.
    if (!isInline) from = at + piece.length;
    return text.slice(0, at).split("\n").length;
  };
}

/** The anchor that GitHub gives a heading. */
function slug(heading: string, taken: ReadonlySet<string>): string {
  const base = heading
    .replaceAll(/[`*]/gu, "")
    .replaceAll(/\[([^\]]*)\]\([^)]*\)/gu, "$1")
    .toLowerCase()
    .replaceAll(/[^\p{L}\p{N}\s_-]/gu, "")
    .replaceAll(/\s/gu, "-");
  let anchor = base;
  for (let count = 1; taken.has(anchor); count += 1) anchor = `${base}-${count}`;
  return anchor;
}
