import { isObject } from "../../json.js";
import { olderHolders } from "./dialect.js";
import { keywords } from "../keywords.js";

type Draft = Record<string, unknown>;

/** Writes the patterns of one's own formats in their place. */
export function replaceOwnFormats(root: Draft, formats: Readonly<Record<string, string>>): Draft {
  return Object.keys(formats).length === 0 ? root : (replaceIn(root, formats) as Draft);
}

function replaceIn(schema: unknown, formats: Readonly<Record<string, string>>): unknown {
  if (!isObject(schema)) return schema;
  const entries = Object.entries(schema).flatMap(([keyword, value]): [string, unknown][] => {
    const holds = keywords.get(keyword)?.holds ?? olderHolders.get(keyword);
    if (keyword === "format" && typeof value === "string" && Object.hasOwn(formats, value)) {
      return schema["pattern"] === undefined ? [["pattern", formats[value]]] : [];
    }
    if (Array.isArray(value) && holds !== undefined && holds !== "map") {
      return [[keyword, value.map((inner) => replaceIn(inner, formats))]];
    }
    if (!isObject(value) || holds === undefined) return [[keyword, value]];
    if (holds !== "map") return [[keyword, replaceIn(value, formats)]];
    const map = Object.entries(value).map(([key, inner]) => [key, replaceIn(inner, formats)]);
    return [[keyword, Object.fromEntries(map)]];
  });
  const { format, pattern, allOf } = schema;
  const isDouble =
    typeof format === "string" && Object.hasOwn(formats, format) && pattern !== undefined;
  if (!isDouble) return Object.fromEntries(entries);
  const others = entries.filter(([keyword]) => keyword !== "allOf");
  const parts = entries.find(([keyword]) => keyword === "allOf")?.[1] ?? allOf;
  const both = [
    ...(Array.isArray(parts) ? (parts as unknown[]) : []),
    { pattern: formats[format] },
  ];
  return Object.fromEntries([...others, ["allOf", both]]);
}
