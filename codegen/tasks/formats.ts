import { fullFormats } from "ajv-formats/dist/formats.js";

/** The formats that the validator checks. */
export const knownFormats: readonly string[] = Object.keys(fullFormats);

/** Those of them that are about numbers. */
export const numberFormats: ReadonlySet<string> = new Set(["int32", "int64", "float", "double"]);
