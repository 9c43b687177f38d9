import { createAjv } from "../ajv.js";
import type { SchemaNode } from "../node.js";
import type { Rule } from "../rule.js";
import { schemasBelow } from "./trials.js";

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

/** Keywords whose schemas are tried: the value may turn out not to match. */
const trials: ReadonlySet<string> = new Set([
  "anyOf",
  "oneOf",
  "not",
  "if",
  "contains",
  "propertyNames",
]);

const triedDefault: Rule = {
  name: "tried-default",
  check: (node, input) => {
    if (node.parent !== undefined || !input.nodes.some(hasDefault)) return [];
    return [...schemasBelow(trials, input)].filter(hasDefault).map(({ pointer }) => ({
      pointer: `${pointer}/default`,
      message:
        "This default stands in a schema that is only tried (below anyOf, oneOf, not, if, contains or propertyNames, perhaps through a $ref), where the validator fills it in by chance or not at all.",
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
  check: (node, { root }) => {
    if (!hasDefault(node) || node.keyword !== "properties") return [];
    // Not strict: at the root of what is compiled here, a default has no effect.
    const ajv = createAjv(root, { strict: false });
    ajv.addSchema({ ...root, $id: base });
    const validate = ajv.compile({ $ref: `${base}#${encodeURI(node.pointer)}` });
    if (validate(structuredClone(node.schema["default"]))) return [];
    const [error] = validate.errors ?? [];
    return [
      {
        pointer: `${node.pointer}/default`,
        message: `The default breaks its own schema: it ${error?.message ?? "is refused"}.`,
        hint: "Change the default or the schema.",
      },
    ];
  },
};

const base = "taskwright:schema";

export const defaultRules: readonly Rule[] = [ignoredDefault, triedDefault];
/** Needs a schema that compiles. */
export const compiledRules: readonly Rule[] = [brokenDefault];
