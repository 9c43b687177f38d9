/** A word, a number, an operator or a bracket of a SQL text. Comments and string literals are no tokens. */
export interface Token {
  /** In lower case. */
  readonly text: string;
  readonly start: number;
  readonly end: number;
  /** How many brackets are open around it. */
  readonly depth: number;
}

const skipped = /--[^\n]*|\/\*[^]*?\*\/|'(?:[^']|'')*'|\s+/y;
const operator = /:=|::|<>|<=|>=|\|\||\?\||->>|->|#>>|[A-Za-z_][\w]*|\d+(?:\.\d+)?|[^]/y;
const bodyMark = /\$(\w*)\$/gu;

/** The tokens of each dollar-quoted body in the text; what stands outside of bodies only defines things. */
export function tokensOfBodies(text: string): Token[][] {
  const marks = [...text.matchAll(bodyMark)];
  const bodies: Token[][] = [];
  for (let open = 0; open < marks.length;) {
    const from = marks[open];
    const close = marks.findIndex((mark, at) => at > open && mark[0] === from?.[0]);
    const to = marks[close];
    if (from === undefined || to === undefined) break;
    bodies.push(tokenize(text, from.index + from[0].length, to.index));
    open = close + 1;
  }
  return bodies;
}

function tokenize(text: string, from: number, to: number): Token[] {
  const tokens: Token[] = [];
  let depth = 0;
  let at = from;
  while (at < to) {
    skipped.lastIndex = at;
    const blank = skipped.exec(text);
    if (blank !== null) {
      at = skipped.lastIndex;
      // A literal ends a condition as a word does.
      if (blank[0].startsWith("'")) {
        tokens.push({ text: "'", start: at - blank[0].length, end: at, depth });
      }
      continue;
    }
    operator.lastIndex = at;
    const found = operator.exec(text)?.[0] ?? "";
    if (found === ")" || found === "]") depth -= 1;
    tokens.push({ text: found.toLowerCase(), start: at, end: at + found.length, depth });
    if (found === "(" || found === "[") depth += 1;
    at += found.length;
  }
  return tokens;
}
