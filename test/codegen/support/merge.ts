import { isObject } from "../../../codegen/json.js";
import type { SchemaObject } from "../../../codegen/tasks/node.js";

/** Both schemas' rules in one, roughly: good enough to make values that often pass both. */
export function merge(one: SchemaObject, other: unknown): SchemaObject {
  if (!isObject(other)) return one;
  const merged: Record<string, unknown> = { ...one };
  for (const [keyword, value] of Object.entries(other)) {
    if (value !== undefined) merged[keyword] = mergeKeyword(keyword, one[keyword], value);
  }
  return merged;
}

function mergeKeyword(keyword: string, one: unknown, other: unknown): unknown {
  if (one === undefined) return other;
  if (keyword === "properties" && isObject(one) && isObject(other)) {
    return { ...one, ...mapValues(other, (value, name) => mergeSchemas(one[name], value)) };
  }
  if (keyword === "required" && Array.isArray(one) && Array.isArray(other)) {
    return [...new Set([...(one as unknown[]), ...(other as unknown[])])];
  }
  if (keyword === "type" || keyword === "enum") {
    const both = [one].flat().filter((value) => [other].flat().includes(value));
    return both.length === 0 ? other : both;
  }
  if (keyword === "allOf" && Array.isArray(one) && Array.isArray(other)) {
    return [...(one as unknown[]), ...(other as unknown[])];
  }
  if (keyword.startsWith("min")) return Math.max(Number(one), Number(other));
  if (keyword.startsWith("max")) return Math.min(Number(one), Number(other));
  return isObject(one) && isObject(other) ? merge(one, other) : other;
}

function mergeSchemas(one: unknown, other: unknown): unknown {
  return isObject(one) ? merge(one, other) : other;
}

function mapValues(
  record: Record<string, unknown>,
  map: (value: unknown, key: string) => unknown,
): Record<string, unknown> {
  return Object.fromEntries(Object.entries(record).map(([key, value]) => [key, map(value, key)]));
}
