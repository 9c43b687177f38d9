import { isObject } from "../../json.js";

/** A published version of JSON Schema, by the number that orders them. */
export type Dialect = 4 | 6 | 7 | 2019 | 2020;

const byAddress: ReadonlyMap<string, Dialect> = new Map([
  ["json-schema.org/draft-04/schema", 4],
  ["json-schema.org/draft-06/schema", 6],
  ["json-schema.org/draft-07/schema", 7],
  ["json-schema.org/draft/2019-09/schema", 2019],
  ["json-schema.org/draft/2020-12/schema", 2020],
  // Means "the newest" to whoever wrote it.
  ["json-schema.org/schema", 2020],
  ["spec.openapis.org/oas/3.1/dialect/base", 2020],
]);

/** Its schemas are draft-04's but for `nullable`, and their addresses carry dates. */
const openApi30 = /^spec\.openapis\.org\/oas\/3\.0\/schema\b/u;

/** The dialect that `$schema` names; undefined for one that isn't known. */
export function dialectOf(address: unknown): Dialect | undefined {
  if (typeof address !== "string") return undefined;
  const plain = address.replace(/^https?:\/\//u, "").replace(/#?$/u, "");
  return byAddress.get(plain) ?? (openApi30.test(plain) ? 4 : undefined);
}

/** The dialect of a schema: its own, if it names a known one, or the one around it. */
export function dialectWithin(schema: unknown, outer: Dialect): Dialect {
  return (isObject(schema) ? dialectOf(schema["$schema"]) : undefined) ?? outer;
}

/** Keywords of older dialects that hold schemas, beside those of draft 2020-12. */
export const olderHolders: ReadonlyMap<string, "schema" | "list" | "map"> = new Map([
  ["definitions", "map"],
  ["dependencies", "map"],
  ["additionalItems", "schema"],
]);
