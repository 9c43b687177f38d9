import { countsDefaults, findBrokenDefaults } from "../convert/defaults.js";
import { fillingSchemas } from "../filling.js";
import type { SchemaNode } from "../node.js";
import type { Rule } from "../rule.js";
import { schemasBelow } from "./trials.js";
import { reachedFrom } from "./unevaluated.js";

/** The validator fills in what is missing from an object's own properties, and nothing else. */
const ignoredDefault: Rule = {
  name: "ignored-default",
  check: ({ schema, pointer, keyword }) =>
    !Object.hasOwn(schema, "default") || keyword === "properties"
      ? []
      : [
          {
            pointer: `${pointer}/default`,
            message: "This default is never filled in: only a default right below properties is.",
            hint: "Move it to the property itself (beside $ref, if the property has one), or remove it.",
          },
        ],
};

const tried: ReadonlySet<string> = new Set(["anyOf", "oneOf"]);

/** Keywords after which a default can't be filled in for an alternative that matches. */
const rests = ["unevaluatedProperties", "unevaluatedItems"] as const;

/** ajv counts what it has seen anew for each question, so that the two don't go together. */
const triedDefault: Rule = {
  name: "tried-default",
  check: (node, input) => {
    const keyword = rests.find((name) => node.schema[name] !== undefined);
    if (keyword === undefined) return [];
    const filling = fillingSchemas(input.root);
    const reached = [node, ...reachedFrom(node, input)];
    const isFilled = reached.some(({ schema }) =>
      [schema["anyOf"], schema["oneOf"]].flat().some((branch) => filling.has(branch)),
    );
    const isRest = filling.has(node.schema[keyword]) && schemasBelow(tried, input).has(node);
    if (!isFilled && !isRest) return [];
    return [
      {
        pointer: `${node.pointer}/${keyword}`,
        message: `Defaults of alternatives can't be filled in together with ${keyword}.`,
        hint: "Remove the defaults, or close each alternative with additionalProperties or items.",
      },
    ];
  },
};

/** Keywords whose schemas are tried: the value may turn out not to match. */
const trials: ReadonlySet<string> = new Set([...tried, "not", "if", "contains", "propertyNames"]);

const strictTriedDefault: Rule = {
  name: "tried-default",
  check: (node, input) => {
    if (node.parent !== undefined || !input.nodes.some(hasDefault)) return [];
    return [...schemasBelow(trials, input)].filter(hasDefault).map(({ pointer }) => ({
      pointer: `${pointer}/default`,
      message:
        "This default stands in a schema that is only tried (below anyOf, oneOf, not, if, contains or propertyNames, perhaps through a $ref).",
      hint: "Declare the property with its default beside the alternatives, or remove the default.",
    }));
  },
};

function hasDefault({ schema }: SchemaNode): boolean {
  return Object.hasOwn(schema, "default");
}

/** A default that breaks its own schema would make the validator refuse what it filled in. */
const brokenDefault: Rule = {
  name: "broken-default",
  check: (node, { root }) =>
    node.parent !== undefined
      ? []
      : findBrokenDefaults(root).map(({ pointer, message }) => ({
          pointer: `${pointer}/default`,
          message: `The default breaks its own schema: it ${message}.`,
          hint: "Change the default or the schema.",
        })),
};

/** The validator fills defaults in before it counts. */
const countedDefault: Rule = {
  name: "counted-default",
  check: ({ schema, pointer, keyword, parent }) =>
    keyword !== "properties" ||
    parent === undefined ||
    !Object.hasOwn(schema, "default") ||
    !countsDefaults(parent.schema)
      ? []
      : [
          {
            pointer: `${pointer}/default`,
            message: "maxProperties counts a default like what was given.",
            hint: "Remove maxProperties or the default.",
          },
        ],
};

export const defaultRules: readonly Rule[] = [ignoredDefault, countedDefault, triedDefault];
/** Instead of these in strict mode: a default means one thing only. */
export const strictDefaultRules: readonly Rule[] = [
  ignoredDefault,
  countedDefault,
  strictTriedDefault,
];
/** Needs a schema that compiles. */
export const compiledRules: readonly Rule[] = [brokenDefault];
