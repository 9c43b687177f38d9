import { Ajv2020 } from "ajv/dist/2020.js";
import { _, type Options } from "ajv";
import ajvFormats from "ajv-formats";

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
    ...options,
  });
  // Without it, ajv would keep count of what it has seen all the same, and trip over its count
  // where patternProperties stands beside alternatives.
  if (keysOf(schema, /^unevaluated/u).size === 0) ajv.opts.unevaluated = false;
  ajvFormats.default(ajv);
  // ajv resolves anchors, but its strict mode doesn't know the keyword.
  ajv.addKeyword("$anchor");
  for (const keyword of keysOf(schema, /^x-/u)) ajv.addKeyword(keyword);
  return ajv;
}

/** The options under which ajv writes a module instead of a function. */
export const standaloneOptions: Options = {
  code: { source: true, esm: true, lines: true, formats: _`formats` },
};

/** Every key of a document that matches, wherever it stands. */
function keysOf(value: unknown, pattern: RegExp, found = new Set<string>()): Set<string> {
  if (typeof value !== "object" || value === null) return found;
  for (const [key, held] of Object.entries(value)) {
    if (pattern.test(key)) found.add(key);
    keysOf(held, pattern, found);
  }
  return found;
}
