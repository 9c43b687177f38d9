/**
 * A statement's parameter in the form that every driver sends alike: an array as PostgreSQL's text for
 * it, since some drivers write none or write JSON, and null where there is nothing.
 */
export function toParameter(value: unknown): unknown {
  if (Array.isArray(value)) return `{${value.map(toElement).join(",")}}`;
  return value === undefined ? null : value;
}

function toElement(element: unknown): string {
  if (element === null || element === undefined) return "NULL";
  const text = typeof element === "string" ? element : JSON.stringify(element);
  return `"${text.replace(/["\\]/gu, String.raw`\$&`)}"`;
}
