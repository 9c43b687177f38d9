import type { Ajv2020 } from "ajv/dist/2020.js";
import { createAjv } from "../ajv.js";
import type { Check } from "./type.js";

let ajv: Ajv2020 | undefined;

/** Whether a literal passes a check, as the validator will see it. */
export function passes(value: unknown, check: Check): boolean {
  ajv ??= createAjv({}, { strict: false });
  return ajv.compile(check)(value);
}
