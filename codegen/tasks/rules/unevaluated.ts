import type { SchemaNode, SchemaObject } from "../node.js";
import type { LintInput, Rule } from "../rule.js";
import { sameValueSteps } from "./references.js";

/** Something on the same value that makes it unclear what is left for `unevaluated…`. */
interface Cause {
  readonly name: string;
  readonly isIn: (schema: SchemaObject) => boolean;
  readonly hint: string;
}

const listAll = "list the properties in one place and write additionalProperties";

function keyword(name: string, hint: string): Cause {
  return { name, isIn: (schema) => schema[name] !== undefined, hint };
}

function both(one: string, other: string, hint: string): Cause {
  const isIn = (schema: SchemaObject) => [one, other].every((name) => schema[name] !== undefined);
  return { name: `${one} and ${other} in one schema`, isIn, hint };
}

/**
 * What `unevaluated…` sees depends on which schemas passed. Of `anyOf` several may pass, and
 * `contains` marks whatever items it likes: no type can say what is left then. In the other cases
 * one could, but the validator (ajv 8.20) forgets what it has seen in a branch that wasn't taken.
 */
const causes: Readonly<Record<string, readonly Cause[]>> = {
  unevaluatedProperties: [
    keyword("anyOf", `Use oneOf, of which exactly one matches, or ${listAll}.`),
    keyword("if", `Use oneOf, with a branch for each case, or ${listAll}.`),
    keyword("dependentSchemas", `Use oneOf, with a branch for each case, or ${listAll}.`),
    both("oneOf", "$ref", 'Move the $ref into allOf: [{ "$ref": … }].'),
    both("oneOf", "patternProperties", `Move patternProperties into allOf, or ${listAll}.`),
  ],
  unevaluatedItems: ["anyOf", "oneOf", "if", "contains"].map((name) =>
    keyword(name, "Write prefixItems and items in one place instead."),
  ),
};

const unclearRest: Rule = {
  name: "unclear-unevaluated",
  check: (node, input) =>
    Object.entries(causes).flatMap(([keyword, candidates]) => {
      if (node.schema[keyword] === undefined) return [];
      const reached = [node, ...reachedFrom(node, input)];
      const cause = candidates.find(({ isIn }) => reached.some(({ schema }) => isIn(schema)));
      if (cause === undefined) return [];
      return [
        {
          pointer: `${node.pointer}/${keyword}`,
          message: `${keyword} can't be typed together with ${cause.name}: what it sees depends on which parts happened to match.`,
          hint: cause.hint,
        },
      ];
    }),
};

/** Keywords after which the validator loses count when `unevaluated…` comes again further in. */
const counters: readonly (readonly [string, readonly string[]])[] = [
  ["unevaluatedProperties", ["unevaluatedProperties", "patternProperties"]],
  ["unevaluatedItems", ["unevaluatedItems"]],
];

const nestedRest: Rule = {
  name: "nested-unevaluated",
  check: (node, input) =>
    counters.flatMap(([keyword, beside]) => {
      const counter = beside.find((name) => node.schema[name] !== undefined);
      if (counter === undefined) return [];
      const always = withSteps([node], (current) => sureSteps(current, input));
      const perhaps = always.flatMap((current) => {
        const sure = new Set(sureSteps(current, input));
        return sameValueSteps(current, input).filter((next) => !sure.has(next));
      });
      const reached = withSteps(perhaps, (current) => sameValueSteps(current, input));
      const inner = reached.find(({ schema }) => schema[keyword] !== undefined);
      if (inner === undefined || inner === node) return [];
      return [
        {
          pointer: `${inner.pointer}/${keyword}`,
          message: `${keyword} can't be typed below a schema on the same value that has ${counter} (at ${node.pointer}/${counter}): the two look at the same parts.`,
          hint: `Write ${keyword} once, at the outermost schema, or close the inner one with ${keyword === "unevaluatedItems" ? "items" : "additionalProperties"}.`,
        },
      ];
    }),
};

/** The other schemas that look at the same value and have a say in what is evaluated. */
export function reachedFrom(node: SchemaNode, input: LintInput): SchemaNode[] {
  const steps = (current: SchemaNode) =>
    sameValueSteps(current, input).filter(({ keyword }) => keyword !== "not");
  return withSteps([node], steps).slice(1);
}

/** The schemas that a value must pass whenever it must pass this one. */
function sureSteps(node: SchemaNode, input: LintInput): SchemaNode[] {
  return sameValueSteps(node, input).filter(
    ({ parent, keyword }) => parent !== node || keyword === "allOf",
  );
}

/** The schemas and all that steps lead to from them, each once. */
function withSteps(
  nodes: readonly SchemaNode[],
  steps: (node: SchemaNode) => readonly SchemaNode[],
): SchemaNode[] {
  const found = new Set(nodes);
  for (const current of found) for (const next of steps(current)) found.add(next);
  return [...found];
}

export const unevaluatedRules: readonly Rule[] = [unclearRest, nestedRest];
