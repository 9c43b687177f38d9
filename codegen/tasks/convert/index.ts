import { isObject, type JsonDocument } from "../../json.js";
import { keywords } from "../keywords.js";
import type { Finding } from "../rule.js";
import { convert, type Conversion } from "./convert.js";
import { settleDefaults } from "./defaults.js";
import { replaceOwnFormats } from "./own-formats.js";
import type { Origins } from "./origins.js";

/** How schemas are read. */
export interface ReadingOptions {
  /** Whether to refuse what would only be an annotation, and all dialects but draft 2020-12. */
  readonly strict?: boolean;
  /** Formats of one's own: for each name the pattern of its strings. */
  readonly formats?: Readonly<Record<string, string>>;
}

/** A document as the rules, the types and the validators read it. */
export interface ReadDocument {
  readonly document: JsonDocument;
  /** With pointers into the source. */
  readonly warnings: readonly Finding[];
  /** The pointer into the source for one into the document that is read. */
  readonly sourceOf: (pointer: string) => string;
}

/** Reads a document for what it means, or in strict mode as it is. */
export function readDocument(source: JsonDocument, options: ReadingOptions): ReadDocument {
  if (!isObject(source.value)) return { document: source, warnings: [], sourceOf: same };
  const value = replaceOwnFormats(source.value, options.formats ?? {});
  if (options.strict === true) {
    const { numbers, warnings } = sortNumbers(source);
    const document = { ...source, value, inexactNumbers: numbers };
    return { document, warnings, sourceOf: same };
  }
  const conversion = convertPayload(value);
  const { root, origins } = conversion;
  const warnings = [...conversion.warnings];
  settleDefaults(root, (rule, complaint) => {
    warnings.push({ rule, ...complaint, pointer: origins.sourceOf(complaint.pointer) });
  });
  const { numbers, warnings: rounded } = sortNumbers(source, conversion);
  const sourceOf = (pointer: string) => origins.sourceOf(pointer);
  const document: JsonDocument = {
    value: root,
    position: (pointer) => source.position(sourceOf(pointer)),
    duplicateKeys: source.duplicateKeys,
    inexactNumbers: numbers,
  };
  return { document, warnings: [...warnings, ...rounded], sourceOf };
}

function same(pointer: string): string {
  return pointer;
}

/** A payload is an object anyway, so a root that speaks of properties need not say so. */
function convertPayload(source: Record<string, unknown>): Conversion {
  const conversion = convert(source);
  if (!impliesObject(conversion.root)) return conversion;
  // Where the root is referred to, what it is referred to for need not be an object.
  const payload = conversion.refersToRoot ? convert(source, true) : conversion;
  payload.root["type"] = "object";
  return payload;
}

function impliesObject(root: Record<string, unknown>): boolean {
  const isAbout = (keyword: string) => keywords.get(keyword)?.kind === "object";
  const isCombined = ["$ref", "allOf", "anyOf", "oneOf", "enum", "const"].some(
    (keyword) => root[keyword] !== undefined,
  );
  return root["type"] === undefined && !isCombined && Object.keys(root).some(isAbout);
}

const bounds = /^(?:min|max|exclusiveM)/u;
const values = new Set(["const", "enum", "default", "multipleOf", "x-task"]);

/**
 * Payloads are doubles too, so a bound that JavaScript rounds refuses no payload that it should
 * accept. A value that is rounded would be another value.
 */
function sortNumbers(
  { inexactNumbers }: JsonDocument,
  conversion?: Pick<Conversion, "origins">,
): { numbers: string[]; warnings: Finding[] } {
  const numbers: string[] = [];
  const warnings: Finding[] = [];
  for (const pointer of inexactNumbers) {
    const keyword = keywordOf(pointer, conversion?.origins);
    if (keyword !== undefined && bounds.test(keyword)) {
      warnings.push({
        rule: "rounded-bound",
        pointer,
        message: `JavaScript can't hold this ${keyword} exactly: it is compared as the nearest number that it can hold.`,
        hint: "For integers of 64 bits, the formats int64 and uint64 say the same.",
      });
    } else if (conversion === undefined || (keyword !== undefined && values.has(keyword))) {
      numbers.push(pointer);
    }
  }
  return { numbers, warnings };
}

function keywordOf(pointer: string, origins: Origins | undefined): string | undefined {
  if (origins === undefined) return pointer.slice(pointer.lastIndexOf("/") + 1);
  return origins.holderOf(pointer)?.keyword;
}
