import { Ajv2020 } from "ajv/dist/2020.js";
import ajvFormats from "ajv-formats";
import type { Check } from "./type.js";

let ajv: Ajv2020 | undefined;

/** Whether a literal passes a check, as the validator will see it. */
export function passes(value: unknown, check: Check): boolean {
  ajv ??= ajvFormats.default(new Ajv2020({ strict: false, unicodeRegExp: true }));
  return ajv.compile(check)(value);
}
