import { isObject, type JsonDocument } from "../json.js";
import { resolvePointer } from "./reference.js";
import type { Finding } from "./rule.js";

/**
 * Takes the defaults that can't be filled in truly out of a document that was converted, where
 * they stay the annotations that the standard says they are. Tells of each that was taken out.
 */
export function dropUnclearDefaults(
  { value }: JsonDocument,
  findings: readonly Finding[],
): Finding[] {
  return findings.flatMap(({ rule, message, hint, defaultAt }) => {
    const schema = defaultAt === undefined ? undefined : resolvePointer(value, defaultAt);
    if (!isObject(schema) || !Object.hasOwn(schema, "default")) return [];
    delete schema["default"];
    return [
      { rule, pointer: `${defaultAt}/default`, message: `${message} It is not filled in.`, hint },
    ];
  });
}
