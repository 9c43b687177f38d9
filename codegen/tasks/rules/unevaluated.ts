import type { SchemaNode } from "../node.js";
import type { LintInput, Rule } from "../rule.js";
import { sameValueSteps } from "./references.js";

/**
 * What `unevaluated…` sees depends on which schemas passed. Of `anyOf` several may pass, and
 * `contains` marks whatever items it likes: no type can say what is left then.
 */
const unclear: Readonly<Record<string, readonly string[]>> = {
  unevaluatedProperties: ["anyOf"],
  unevaluatedItems: ["anyOf", "contains"],
};

const unclearRest: Rule = {
  name: "unclear-unevaluated",
  check: (node, input) =>
    Object.entries(unclear).flatMap(([keyword, causes]) => {
      if (node.schema[keyword] === undefined) return [];
      const cause = causes.find((cause) => isReached(node, cause, input));
      if (cause === undefined) return [];
      return [
        {
          pointer: `${node.pointer}/${keyword}`,
          message: `${keyword} can't be typed together with ${cause}: what it sees depends on which parts happened to match.`,
          hint:
            cause === "anyOf"
              ? "Use oneOf, of which exactly one matches, or list the properties and write additionalProperties."
              : "Write items for all items instead.",
        },
      ];
    }),
};

function isReached(node: SchemaNode, keyword: string, input: LintInput): boolean {
  const seen = new Set<SchemaNode>();
  const visit = (current: SchemaNode): boolean => {
    if (seen.has(current)) return false;
    seen.add(current);
    return current.schema[keyword] !== undefined || sameValueSteps(current, input).some(visit);
  };
  return visit(node);
}

export const unevaluatedRules: readonly Rule[] = [unclearRest];
