import { isObject } from "../../../codegen/json.js";
import { walkSchemas, type SchemaObject } from "../../../codegen/tasks/node.js";

/** Rules that no TypeScript type can say. */
const unsayable: ReadonlySet<string> = new Set([
  "minLength",
  "maxLength",
  "pattern",
  "format",
  "minimum",
  "maximum",
  "exclusiveMinimum",
  "exclusiveMaximum",
  "multipleOf",
  "uniqueItems",
  "contains",
  "minContains",
  "maxContains",
  "minProperties",
  "maxProperties",
  "not",
]);

const maxTuple = 16;
const maxSpread = 4;

/**
 * The schema without what TypeScript can't say. What this one still rejects, the type must reject.
 * It is written apart from codegen's own reading of schemas, so that it can contradict it.
 */
export function relax(schema: unknown): unknown {
  if (!isObject(schema)) return schema;
  const kept = Object.entries(schema).filter(([keyword]) => !unsayable.has(keyword));
  const relaxed: Record<string, unknown> = Object.fromEntries(
    kept.map(([keyword, value]) => [keyword, relaxKeyword(keyword, value)]),
  );
  relaxItems(relaxed);
  relaxOthers(relaxed);
  if (relaxed["oneOf"] !== undefined) {
    relaxed["allOf"] = [...((relaxed["allOf"] as unknown[]) ?? []), { anyOf: relaxed["oneOf"] }];
    delete relaxed["oneOf"];
  }
  const { propertyNames, if: condition } = schema;
  if (isObject(propertyNames) && propertyNames["enum"] === undefined)
    delete relaxed["propertyNames"];
  if (condition !== undefined && !isSayable(condition)) {
    for (const keyword of ["if", "then", "else"]) delete relaxed[keyword];
  }
  return relaxed;
}

function relaxKeyword(keyword: string, value: unknown): unknown {
  if (keyword === "type") {
    const types = [value].flat().map((type) => (type === "integer" ? "number" : type));
    return types.length === 1 ? types[0] : [...new Set(types)];
  }
  if (["allOf", "anyOf", "oneOf", "prefixItems"].includes(keyword) && Array.isArray(value)) {
    return value.map(relax);
  }
  if (["properties", "$defs", "dependentSchemas", "patternProperties"].includes(keyword)) {
    return Object.fromEntries(
      Object.entries(value as object).map(([key, held]) => [key, relax(held)]),
    );
  }
  const single = [
    "items",
    "additionalProperties",
    "unevaluatedProperties",
    "unevaluatedItems",
    "then",
    "else",
  ];
  return single.includes(keyword) ? relax(value) : value;
}

/** Long arrays are not said as tuples. */
function relaxItems(schema: Record<string, unknown>): void {
  const [min, max] = [Number(schema["minItems"] ?? 0), Number(schema["maxItems"] ?? Infinity)];
  const prefix = Array.isArray(schema["prefixItems"]) ? schema["prefixItems"].length : 0;
  if (max > maxTuple || (max - min > maxSpread && max > prefix)) delete schema["maxItems"];
  if (min > maxTuple) schema["minItems"] = maxTuple;
}

/** An index signature holds for declared properties too, so it is as wide as all of them. */
function relaxOthers(schema: Record<string, unknown>): void {
  const { properties, patternProperties, additionalProperties, unevaluatedProperties } = schema;
  const patterns = isObject(patternProperties) ? Object.values(patternProperties) : [];
  const others = [
    ...patterns,
    ...(additionalProperties === undefined ? [true] : [additionalProperties]),
  ];
  delete schema["patternProperties"];
  if (isObject(unevaluatedProperties)) delete schema["unevaluatedProperties"];
  if (others.every((other) => other === false)) return;
  const declared = isObject(properties) ? Object.values(properties) : [];
  schema["additionalProperties"] = { anyOf: [...others, ...declared] };
}

function isSayable(schema: unknown): boolean {
  return walkSchemas(schema).every(({ schema: node }) =>
    Object.keys(node).every((keyword) => !unsayable.has(keyword)),
  );
}

/**
 * Still less: without conditions, and without closed objects where there are alternatives.
 * TypeScript can't take a literal out of an open type, and lets a nested literal mix the
 * properties of alternatives. The golden schemas are free of that; random ones are not.
 */
export function relaxFurther(schema: SchemaObject): SchemaObject {
  const isAlternative = walkSchemas(schema).some(({ schema: node }) =>
    alternatives.some((keyword) => node[keyword] !== undefined),
  );
  const relaxed = relax(schema) as SchemaObject;
  return isAlternative ? (open(relaxed) as SchemaObject) : relaxed;
}

const alternatives = ["anyOf", "oneOf", "if", "dependentRequired", "dependentSchemas", "not"];
const closing = ["additionalProperties", "unevaluatedProperties"];

function open(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(open);
  if (!isObject(value)) return value;
  const kept = Object.entries(value).filter(
    ([key, held]) =>
      !["if", "then", "else"].includes(key) && !(closing.includes(key) && held === false),
  );
  return Object.fromEntries(kept.map(([key, held]) => [key, open(held)]));
}
