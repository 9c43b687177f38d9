import type { SchemaNode } from "../node.js";
import type { LintInput, Rule } from "../rule.js";
import { schemaAfterReference } from "./references.js";

/** Every schema that is reached, `$ref`s included, through one of these keywords. */
export function schemasBelow(keywords: ReadonlySet<string>, input: LintInput): Set<SchemaNode> {
  const found = new Set<SchemaNode>();
  const visit = (node: SchemaNode) => {
    if (found.has(node)) return;
    found.add(node);
    for (const child of input.nodes) {
      if (child.parent === node && child.keyword !== "$defs") visit(child);
    }
    const target = schemaAfterReference(node, input);
    if (target !== undefined) visit(target);
  };
  for (const node of input.nodes) if (keywords.has(node.keyword)) visit(node);
  return found;
}

/** Keywords below which the validator stops at the first error. */
const questions: ReadonlySet<string> = new Set(["if", "not"]);

/** Where it stops at the first error, ajv 8.20 skips `contains` after the tuple of an empty array. */
const skippedContains: Rule = {
  name: "skipped-contains",
  check: (node, input) => {
    const { schema, pointer } = node;
    if (schema["contains"] === undefined || schema["prefixItems"] === undefined) return [];
    if (!schemasBelow(questions, input).has(node)) return [];
    return [
      {
        pointer: `${pointer}/contains`,
        message:
          "contains beside prefixItems can't be relied on below if or not (perhaps through a $ref): the validator skips it for an empty array.",
        hint: 'Move contains, and minContains or maxContains, into a schema of its own: "allOf": [{ "contains": … }].',
      },
    ];
  },
};

export const trialRules: readonly Rule[] = [skippedContains];
