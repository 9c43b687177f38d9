import { createRequire } from "node:module";
import type { checkSync, Diagnostics } from "recheck";
import { escapePointer, isObject } from "../json.js";
import { walkSchemas, type SchemaObject } from "./node.js";
import type { Finding } from "./rule.js";

/** Repetitions of one character up to this often cost no more than a constant. */
const maxCount = 100;

/**
 * The checker takes seconds for some patterns, so those that are plainly linear aren't given to it.
 */
function mayBeSlow(pattern: string): boolean {
  // Each class and each escape is one character, which may be repeated as often as is written.
  const plain = pattern
    .replaceAll(/\[(?:\\.|[^\]\\])*\]|\\p\{[^}]*\}|\\./giu, "c")
    .replaceAll(/[^()|^]\{(\d+)(?:,(\d+))?\}/gu, (whole, least: string, most = least) =>
      Number(most) > maxCount ? whole : "c",
    );
  const repetitions = plain.match(/[*+]|\{\d+(?:,\d*)?\}/gu)?.length ?? 0;
  if (repetitions !== 1 || /\)(?:[*+]|\{)/u.test(plain)) return repetitions > 0;
  // One repetition of one character is linear where the place that it begins at isn't open.
  return !isAnchored(plain);
}

/** Whether a pattern begins at the beginning of a text, whichever alternative is taken. */
function isAnchored(plain: string): boolean {
  let depth = 0;
  for (const character of plain) {
    if (character === "(") depth += 1;
    else if (character === ")") depth -= 1;
    else if (character === "|" && depth === 0) return false;
  }
  return plain.startsWith("^");
}

let check: typeof checkSync | undefined;

/** Recheck's own JavaScript; its main module would look for Java and for an executable first. */
function loadCheck(): typeof checkSync {
  const load = createRequire(import.meta.url);
  check ??= (load("recheck/lib/browser.js") as { checkSync: typeof checkSync }).checkSync;
  return check;
}

const verdicts = new Map<string, Diagnostics["status"]>();

function isSlow(pattern: string): boolean {
  let verdict = verdicts.get(pattern);
  if (verdict === undefined) {
    const exact = loadCheck()(pattern, "u", { checker: "automaton", timeout: 2000 });
    const isUnsupported = exact.status === "unknown" && exact.error.kind === "unsupported";
    verdict = isUnsupported
      ? loadCheck()(pattern, "u", { checker: "fuzz", timeout: 1000, randomSeed: 1 }).status
      : exact.status;
    verdicts.set(pattern, verdict);
  }
  return verdict === "vulnerable";
}

/** Patterns that a hostile payload can make to block the process, with pointers into the document. */
export function findSlowPatterns(schema: SchemaObject): Finding[] {
  return walkSchemas(schema).flatMap(({ schema: { pattern, patternProperties }, pointer }) => {
    const patterns = [
      ...(typeof pattern === "string" ? [["pattern", pattern] as const] : []),
      ...Object.keys(isObject(patternProperties) ? patternProperties : {}).map(
        (key) => [`patternProperties/${escapePointer(key)}`, key] as const,
      ),
    ];
    return patterns
      .filter(([, source]) => mayBeSlow(source) && isSlow(source))
      .map(([place]) => ({
        rule: "slow-pattern",
        pointer: `${pointer}/${place}`,
        message:
          "This pattern takes more than linear time on some texts, which can block the process.",
        hint: "Let no two repetitions match the same characters, such as in (a+)+; maxLength is no help, since both are checked.",
      }));
  });
}
