import { Ajv2020 } from "ajv/dist/2020.js";
import { _, Name, str, type CodeKeywordDefinition, type Options } from "ajv";
import { findDuplicate, formats, isMultipleOf, withoutInherited } from "taskwright/validation";

/**
 * The one configuration under which a payload is checked: at codegen, and compiled ahead for the
 * runtime. Keywords that start with `x-` carry no rule. `strictTypes` and the like are off because
 * codegen's own rules say more.
 */
export function createAjv(schema: object, options: Options = {}): Ajv2020 {
  const ajv = new Ajv2020({
    strict: true,
    strictTypes: false,
    strictTuples: false,
    strictRequired: false,
    // Properties that match a pattern too are typed by both.
    allowMatchingProperties: true,
    allErrors: true,
    useDefaults: true,
    // A property counts only if it is the payload's own: every object inherits a "constructor".
    ownProperties: true,
    unicodeRegExp: true,
    // Done once, with a better message, when the document is checked.
    validateSchema: false,
    formats,
    ...options,
  });
  // Without it, ajv would keep count of what it has seen all the same, and trip over its count
  // where patternProperties stands beside alternatives.
  if (keysOf(schema, /^unevaluated/u).size === 0) ajv.opts.unevaluated = false;
  // ajv resolves anchors, but its strict mode doesn't know the keyword.
  ajv.addKeyword("$anchor");
  for (const definition of [multipleOf, uniqueItems]) {
    ajv.removeKeyword(definition.keyword as string);
    ajv.addKeyword(definition);
  }
  const unevaluated = ajv.getKeyword("unevaluatedProperties");
  if (typeof unevaluated === "object" && "code" in unevaluated) {
    ajv.removeKeyword("unevaluatedProperties");
    ajv.addKeyword(ownEvaluated(unevaluated));
  }
  for (const keyword of keysOf(schema, /^x-/u)) ajv.addKeyword(keyword);
  return ajv;
}

/** The options under which ajv writes a module instead of a function. */
export const standaloneOptions: Options = {
  // A definition is one function, however often it is referred to.
  inlineRefs: false,
  // A list of values is there anyway, for the error.
  loopEnum: 8,
  code: { source: true, esm: true, lines: true, formats: _`formats` },
};

/** ajv divides doubles, and so refuses 19.99 as a multiple of 0.01. */
const multipleOf: CodeKeywordDefinition = {
  keyword: "multipleOf",
  type: "number",
  schemaType: "number",
  error: {
    message: ({ schemaCode }) => str`must be multiple of ${schemaCode}`,
    params: ({ schemaCode }) => _`{multipleOf: ${schemaCode}}`,
  },
  code(cxt) {
    const check = cxt.gen.scopeValue("func", {
      ref: isMultipleOf,
      code: _`require("taskwright/validation").isMultipleOf`,
    });
    cxt.fail(_`!${check}(${cxt.data}, ${cxt.schemaCode})`);
  },
};

/** ajv compares each item with each other, and forgets that "__proto__" is a string like others. */
const uniqueItems: CodeKeywordDefinition = {
  keyword: "uniqueItems",
  // Items are compared as they were given, before defaults are filled in.
  before: "prefixItems",
  type: "array",
  schemaType: "boolean",
  error: {
    message: ({ params: { i, j } }) =>
      str`must NOT have duplicate items (items ## ${j} and ${i} are identical)`,
    params: ({ params: { i, j } }) => _`{i: ${i}, j: ${j}}`,
  },
  code(cxt) {
    if (cxt.schema !== true) return;
    const find = cxt.gen.scopeValue("func", {
      ref: findDuplicate,
      code: _`require("taskwright/validation").findDuplicate`,
    });
    const duplicate = cxt.gen.const("duplicate", _`${find}(${cxt.data})`);
    cxt.setParams({ i: _`${duplicate}.i`, j: _`${duplicate}.j` });
    cxt.fail(_`${duplicate} !== undefined`);
  },
};

/** ajv looks names up in an object that inherits "toString" and others, as if it had seen them. */
function ownEvaluated(definition: CodeKeywordDefinition): CodeKeywordDefinition {
  return {
    ...definition,
    code(cxt, ruleType) {
      const { gen, it } = cxt;
      if (it.props instanceof Name) {
        const func = gen.scopeValue("func", {
          ref: withoutInherited,
          code: _`require("taskwright/validation").withoutInherited`,
        });
        it.props = gen.const("props", _`${func}(${it.props})`);
      }
      definition.code(cxt, ruleType);
    },
  };
}

/** Every key of a document that matches, wherever it stands. */
function keysOf(value: unknown, pattern: RegExp, found = new Set<string>()): Set<string> {
  if (typeof value !== "object" || value === null) return found;
  for (const [key, held] of Object.entries(value)) {
    if (pattern.test(key)) found.add(key);
    keysOf(held, pattern, found);
  }
  return found;
}
