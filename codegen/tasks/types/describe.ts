import type { SchemaObject } from "../node.js";

/** Rules that TypeScript can't say, which the type's comment says instead. */
const told = [
  "format",
  "minLength",
  "maxLength",
  "pattern",
  "minimum",
  "exclusiveMinimum",
  "maximum",
  "exclusiveMaximum",
  "multipleOf",
  "minItems",
  "maxItems",
  "uniqueItems",
  "minProperties",
  "maxProperties",
  "default",
];

/** The comment of a schema's type or property. */
export function describe(schema: SchemaObject): string {
  const { title, description, deprecated, type } = schema;
  const words = [title, description].filter((text) => typeof text === "string" && text !== "");
  const tags = told
    .filter((keyword) => schema[keyword] !== undefined)
    .map((keyword) => `@${keyword} ${JSON.stringify(schema[keyword])}`);
  return [
    ...words,
    ...(type === "integer" ? ["@integer"] : []),
    ...tags,
    ...(deprecated === true ? ["@deprecated"] : []),
  ].join("\n");
}
