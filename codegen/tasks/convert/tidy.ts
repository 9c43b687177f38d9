import { escapePointer, isObject } from "../../json.js";
import { didYouMean } from "../../suggest.js";
import { knownFormats, numberFormats } from "../formats.js";
import { keywords } from "../keywords.js";
import { typeKinds } from "../node.js";
import type { Complaint } from "../rule.js";
import { repairPattern } from "./patterns.js";

type Draft = Record<string, unknown>;
/** Takes a warning with a pointer inside the schema. */
type Warn = (rule: string, complaint: Complaint) => void;

/**
 * Takes out of one schema what has no effect in it.
 * @param countsEvaluated Whether what a keyword has looked at counts, even if it checks nothing.
 */
export function tidy(draft: Draft, warn: Warn, countsEvaluated: boolean): void {
  readNullable(draft, warn);
  dropInapplicable(draft, warn);
  if (!countsEvaluated) dropLonely(draft, warn);
  dropFormat(draft, warn);
  const { required, pattern, prefixItems } = draft;
  if (Array.isArray(required)) draft["required"] = [...new Set(required as unknown[])];
  if (typeof pattern === "string") draft["pattern"] = repairPattern(pattern);
  // An empty tuple is closed by items or maxItems; the schema of schemas wants none that is empty.
  if (Array.isArray(prefixItems) && prefixItems.length === 0) delete draft["prefixItems"];
}

/** Generators write `not: {}` for what can't be, such as a property that must not be there. */
export function allowsNothing(schema: unknown): boolean {
  if (!isObject(schema)) return schema === false;
  const { not, $defs, definitions } = schema;
  const isAny = not === true || (isObject(not) && Object.keys(not).length === 0);
  return isAny && $defs === undefined && definitions === undefined;
}

/** OpenAPI 3.0 adds null to a type with `nullable`; without a type, and beside null, it says nothing. */
function readNullable(draft: Draft, warn: Warn): void {
  const { nullable, type } = draft;
  delete draft["nullable"];
  const types = [type ?? []].flat();
  const isNull = types.includes("null") || draft["const"] === null || includesNull(draft["enum"]);
  if (nullable !== true || isNull) return;
  const isRead = types.length > 0;
  if (isRead) draft["type"] = [...types, "null"];
  warn("nullable", {
    pointer: "/nullable",
    message: isRead
      ? "nullable is a keyword of OpenAPI 3.0: null is added to the type."
      : "nullable has no effect without a type beside it.",
    hint: 'Write "null" into the type, or { "type": "null" } into anyOf.',
  });
}

function includesNull(values: unknown): boolean {
  return Array.isArray(values) && values.includes(null);
}

/** JSON Schema lets `minimum` beside `type: string` stand, where it says nothing of any string. */
function dropInapplicable(draft: Draft, warn: Warn): void {
  const kinds = typeKinds(draft);
  if (kinds === undefined) return;
  for (const keyword of Object.keys(draft)) {
    const kind = keywords.get(keyword)?.kind;
    if (kind === undefined || kinds.includes(kind)) continue;
    delete draft[keyword];
    warn("inapplicable-keyword", {
      pointer: `/${escapePointer(keyword)}`,
      message: `${keyword} is about a value of type ${kind}, which this type excludes.`,
      hint: `Remove ${keyword}, or add "${kind}" to the type.`,
    });
  }
}

/** Keywords that have no effect unless another stands beside them. */
export const companions: readonly (readonly [string, readonly string[]])[] = [
  ["if", ["then", "else"]],
  ["then", ["if"]],
  ["else", ["if"]],
  ["minContains", ["contains"]],
  ["maxContains", ["contains"]],
];

function dropLonely(draft: Draft, warn: Warn): void {
  for (const [keyword, others] of companions) {
    const isAlone = others.every((other) => draft[other] === undefined);
    if (draft[keyword] === undefined || !isAlone) continue;
    delete draft[keyword];
    warn("lonely-keyword", {
      pointer: `/${keyword}`,
      message: `${keyword} has no effect without ${others.join(" or ")}.`,
      hint: `Add ${others.join(" or ")}, or remove ${keyword}.`,
    });
  }
  if (draft["minContains"] === 0 && draft["maxContains"] === undefined) {
    delete draft["minContains"];
    delete draft["contains"];
  }
}

/** Formats are annotations by the standard; those that nothing checks stay annotations. */
function dropFormat(draft: Draft, warn: Warn): void {
  const { format } = draft;
  if (typeof format !== "string") return;
  const kind = numberFormats.has(format) ? "number" : "string";
  const isKnown = knownFormats.includes(format);
  if (isKnown && (typeKinds(draft)?.includes(kind) ?? true)) return;
  delete draft["format"];
  // Tools name in this way what the pattern beside it checks.
  if (!isKnown && draft["pattern"] !== undefined) return;
  warn(isKnown ? "misplaced-format" : "unknown-format", {
    pointer: "/format",
    message: isKnown
      ? `The format "${format}" is about a ${kind}, which this type excludes: nothing checks it.`
      : `Nothing checks the format "${format}".${didYouMean(format, knownFormats)}`,
    hint: isKnown
      ? `Remove the format, or make the type "${kind}".`
      : "Use pattern, or give the format a pattern under formats in taskwright.config.json.",
  });
}
