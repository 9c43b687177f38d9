import {
  getLocation,
  parseTree,
  printParseErrorCode,
  type Node,
  type ParseError,
} from "jsonc-parser";

/** One-based place in a text. */
export interface TextPosition {
  readonly line: number;
  readonly column: number;
}

/** A JSON text that was read: its value, and where in the text each part of it is. */
export interface JsonDocument {
  readonly value: unknown;
  /** The place of the value that a JSON Pointer names, or of the closest one above it. */
  position(pointer: string): TextPosition;
  /** Pointers to keys that their object holds more than once. */
  readonly duplicateKeys: readonly string[];
  /** Pointers to numbers that JavaScript can't hold exactly. */
  readonly inexactNumbers: readonly string[];
}

export type JsonResult =
  | { readonly ok: true; readonly document: JsonDocument }
  | {
      readonly ok: false;
      readonly rule: "not-json" | "too-deep";
      readonly message: string;
      readonly hint: string;
      readonly position: TextPosition;
      /** Where the text is JSON up to there. */
      readonly pointer?: string;
    };

/** Reads strict JSON. Unlike `JSON.parse` it tells where the text breaks off from JSON. */
export function parseJson(source: string): JsonResult {
  const text = source.replace(/^\uFEFF/u, "");
  const tooDeep = findDepth(text, maxDepth);
  if (tooDeep !== undefined) {
    return {
      ok: false,
      rule: "too-deep",
      message: `The file is nested more than ${maxDepth} levels deep.`,
      hint: "Make it flatter: move parts into $defs and refer to them.",
      position: positionAt(text, tooDeep),
      pointer: getLocation(text, tooDeep)
        .path.map((key) => `/${escapePointer(key)}`)
        .join(""),
    };
  }
  const errors: ParseError[] = [];
  const root = parseTree(text, errors, { disallowComments: true, allowTrailingComma: false });
  const [first] = errors;
  if (first !== undefined || root === undefined) {
    return {
      ok: false,
      rule: "not-json",
      message: describeError(first),
      hint: "Fix the JSON at this place; comments and trailing commas are no part of it.",
      position: positionAt(text, first?.offset ?? text.length),
    };
  }
  const nodes = new Map<string, Node>();
  const findings = { duplicateKeys: [] as string[], inexactNumbers: [] as string[] };
  indexNodes(root, "", text, nodes, findings);
  const position = (pointer: string): TextPosition => {
    const node = nodes.get(pointer);
    if (node !== undefined) return positionAt(text, node.offset);
    const parent = pointer.slice(0, Math.max(0, pointer.lastIndexOf("/")));
    return parent === pointer ? { line: 1, column: 1 } : position(parent);
  };
  return { ok: true, document: { value: JSON.parse(text), position, ...findings } };
}

/** All stages recurse over a document. This keeps them well within the stack. */
const maxDepth = 200;

/** The offset of the first bracket that opens more than `max` levels; undefined when there is none. */
function findDepth(text: string, max: number): number | undefined {
  let depth = 0;
  for (const { 0: token, index } of text.matchAll(/"(?:[^"\\]|\\.)*"|[[\]{}]/gu)) {
    if (token === "[" || token === "{") depth += 1;
    else if (token === "]" || token === "}") depth -= 1;
    if (depth > max) return index;
  }
  return undefined;
}

/** A JSON Pointer's token for one key. */
export function escapePointer(key: string | number): string {
  return String(key).replaceAll("~", "~0").replaceAll("/", "~1");
}

/** The keys that a JSON Pointer goes through. */
export function pointerKeys(pointer: string): string[] {
  return pointer
    .split("/")
    .slice(1)
    .map((token) => token.replaceAll("~1", "/").replaceAll("~0", "~"));
}

export function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function indexNodes(
  node: Node,
  pointer: string,
  text: string,
  nodes: Map<string, Node>,
  findings: { duplicateKeys: string[]; inexactNumbers: string[] },
): void {
  nodes.set(pointer, node);
  const children = node.children ?? [];
  if (node.type === "array") {
    children.forEach((child, index) => {
      indexNodes(child, `${pointer}/${index}`, text, nodes, findings);
    });
  } else if (node.type === "object") {
    for (const property of children) {
      const [key, value] = property.children ?? [];
      if (key === undefined || value === undefined) continue;
      const below = `${pointer}/${escapePointer(String(key.value))}`;
      if (nodes.has(below)) findings.duplicateKeys.push(below);
      indexNodes(value, below, text, nodes, findings);
    }
  } else if (node.type === "number") {
    const token = text.slice(node.offset, node.offset + node.length);
    if (!isExact(token)) findings.inexactNumbers.push(pointer);
  }
}

/** Whether an integer comes out of JavaScript's doubles as it went in. */
function isExact(token: string): boolean {
  const value = Number(token);
  if (!Number.isFinite(value)) return false;
  return !/^-?\d+$/u.test(token) || token === "-0" || BigInt(token) === BigInt(value);
}

function positionAt(text: string, offset: number): TextPosition {
  const before = text.slice(0, offset).split("\n");
  return { line: before.length, column: (before.at(-1) ?? "").length + 1 };
}

function describeError(error: ParseError | undefined): string {
  if (error === undefined) return "The file is empty.";
  const words = printParseErrorCode(error.error)
    .replaceAll(/(?!^)([A-Z])/gu, " $1")
    .toLowerCase();
  return `The file is not JSON: ${words}.`;
}
