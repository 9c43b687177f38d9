/** Characters that may follow a backslash in a pattern that is read with the u flag. */
const escapable = /[\^$\\.*+?()[\]{}|/\dA-Za-z]/u;
const classEscape = /^\\[dDwWsS]/u;

/**
 * The same regular expression in a form that the u flag allows: without backslashes that escape
 * nothing, and with a backslash before a hyphen beside `\w` and the like in a class.
 */
export function repairPattern(source: string): string {
  if (isPattern(source)) return source;
  let repaired = "";
  let isInClass = false;
  let follows = false;
  for (let at = 0; at < source.length;) {
    const [token] = /^\\?[\s\S]/u.exec(source.slice(at)) ?? [""];
    at += token.length;
    const before = follows;
    follows = isInClass && classEscape.test(token);
    if (token.length > 1 && token.startsWith("\\")) {
      const isKept = escapable.test(token.slice(1)) || (isInClass && token === "\\-");
      repaired += isKept ? token : token.slice(1);
    } else if (isInClass && token === "-" && source[at] !== "]") {
      const isBeforeClass = classEscape.test(source.slice(at));
      repaired += before || isBeforeClass ? "\\-" : "-";
    } else {
      if (token === "[") isInClass = true;
      if (token === "]") isInClass = false;
      repaired += token;
    }
  }
  return isPattern(repaired) ? repaired : source;
}

function isPattern(source: string): boolean {
  try {
    return new RegExp(source, "u").test("") || true;
  } catch {
    return false;
  }
}
