import { didYouMean } from "../../suggest.js";
import { keywords } from "../keywords.js";
import type { SchemaNode } from "../node.js";
import { resolvePointer } from "../reference.js";
import type { LintInput, Rule } from "../rule.js";

const brokenReference: Rule = {
  name: "broken-reference",
  check: ({ schema, pointer }, { root, references, nodes }) => {
    const reference = schema["$ref"];
    if (typeof reference !== "string") return [];
    const at = { pointer: `${pointer}/$ref` };
    const target = references.resolve(reference);
    if (target === undefined && !reference.startsWith("#")) {
      const message = `$ref leads out of this file, to ${reference}.`;
      return [{ ...at, message, hint: "Copy what it needs into this file's $defs." }];
    }
    const isBoolean = target !== undefined && typeof resolvePointer(root, target) === "boolean";
    if (target !== undefined && (references.isSchema(target) || isBoolean)) return [];
    const known = nodes
      .map((node) => node.pointer)
      .filter((candidate) => candidate.startsWith("/$defs/"))
      .map((candidate) => `#${candidate}`);
    const message = `$ref names ${reference}, where there is no schema.${didYouMean(reference, known)}`;
    const hint = "Point it at a definition, such as #/$defs/address, or at an $anchor.";
    return [{ ...at, message, hint }];
  },
};

const repeatedAnchor: Rule = {
  name: "repeated-anchor",
  check: ({ schema, pointer }, { nodes }) => {
    const anchor = schema["$anchor"];
    const first = nodes.find((node) => node.schema["$anchor"] === anchor);
    if (anchor === undefined || first?.pointer === pointer) return [];
    const message = `$anchor ${JSON.stringify(anchor)} is given to two schemas.`;
    return [{ pointer: `${pointer}/$anchor`, message, hint: "Rename one of them." }];
  },
};

/** A check that comes back to the same schema with the same value never ends. */
const endlessReference: Rule = {
  name: "endless-reference",
  check: (node, input) => {
    if (schemaAfterReference(node, input) === undefined) return [];
    const seen = new Set<SchemaNode>();
    const returns = (current: SchemaNode): boolean =>
      sameValueSteps(current, input).some((next) => {
        if (next === node) return true;
        if (seen.has(next)) return false;
        seen.add(next);
        return returns(next);
      });
    if (!returns(node)) return [];
    return [
      {
        pointer: `${node.pointer}/$ref`,
        message: "$ref leads back to itself without going down to another value first.",
        hint: "Put the reference below properties or items, where it is about a part of the value.",
      },
    ];
  },
};

/** The schemas that look at the same value next. */
export function sameValueSteps(node: SchemaNode, input: LintInput): SchemaNode[] {
  const target = schemaAfterReference(node, input);
  const inside = input.nodes.filter(
    ({ parent, keyword }) => parent === node && keywords.get(keyword)?.inPlace === true,
  );
  return target === undefined ? inside : [target, ...inside];
}

/** The schema that a `$ref` leads to. */
export function schemaAfterReference(
  { schema }: SchemaNode,
  { references, nodes }: LintInput,
): SchemaNode | undefined {
  const reference = schema["$ref"];
  if (typeof reference !== "string") return undefined;
  const target = references.resolve(reference);
  return nodes.find(({ pointer }) => pointer === target);
}

export const referenceRules: readonly Rule[] = [brokenReference, repeatedAnchor, endlessReference];
