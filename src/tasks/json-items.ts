/**
 * The texts of a JSON array's items, exactly as they are written: numbers keep all of their digits, and
 * items may be nested more deeply than `JSON.stringify` could write them.
 * @param text Valid JSON. Anything but an array has no items.
 */
export function splitItems(text: string): string[] {
  const items: string[] = [];
  let depth = 0;
  let start = 0;
  const end = (at: number) => {
    const item = text.slice(start, at).trim();
    if (item !== "") items.push(item);
    start = at + 1;
  };
  for (let at = 0; at < text.length; at += 1) {
    const token = text[at];
    if (token === '"') at = endOfString(text, at);
    else if (token === "[" || token === "{") {
      depth += 1;
      if (depth > 1) continue;
      if (token === "{") return [];
      start = at + 1;
    } else if (token === "]" || token === "}") {
      depth -= 1;
      if (depth === 0) end(at);
    } else if (token === "," && depth === 1) end(at);
  }
  return items;
}

/** The place of the quote that ends the string that begins at `start`. */
function endOfString(text: string, start: number): number {
  let at = start + 1;
  while (at < text.length && text[at] !== '"') at += text[at] === "\\" ? 2 : 1;
  return at;
}
