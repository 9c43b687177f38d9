/**
 * What compiled validators call at run time. Generated code imports it as `taskwright/validation`;
 * no schema is compiled here.
 * @module
 */
import ajvEqual from "ajv/dist/runtime/equal.js";
import ajvUcs2length from "ajv/dist/runtime/ucs2length.js";

/**
 * The default export of a CommonJS module that was compiled from ESM: Node hands out its exports
 * object, bundlers and test runners hand out the default itself.
 */
function unwrap<T>(module: { readonly default: T }): T {
  return "default" in module ? module.default : module;
}

/** Deep equality, for `const`, `enum` and `uniqueItems`. */
export const equal = unwrap(ajvEqual);
/** The length of a string in characters, as JSON Schema counts it. */
export const ucs2length: (text: string) => number = unwrap(ajvUcs2length);
export { isMultipleOf } from "./validation/decimal.js";
export { findDuplicate } from "./validation/duplicates.js";
export { withoutInherited } from "./validation/inherited.js";
export { formats } from "./validation/formats.js";
