/**
 * What compiled validators call at run time. Generated code imports it as `taskwright/validation`;
 * no schema is compiled here.
 * @module
 */
import ajvFormats from "ajv-formats/dist/formats.js";
import ajvEqual from "ajv/dist/runtime/equal.js";
import ajvUcs2length from "ajv/dist/runtime/ucs2length.js";

/** Deep equality, for `const`, `enum` and `uniqueItems`. */
export const equal = ajvEqual.default;
/** The length of a string in characters, as JSON Schema counts it. */
export const ucs2length = ajvUcs2length.default;
/** The checks of the standard formats, by name. */
export const formats = ajvFormats.fullFormats;
