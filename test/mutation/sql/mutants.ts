import { tokensOfBodies, type Token } from "./tokens.js";

/** One small change of a SQL text. */
export interface Mutant {
  /** What was done, such as "drop a condition". */
  readonly operator: string;
  readonly start: number;
  readonly end: number;
  readonly replacement: string;
}

/** All mutants of the function bodies in a SQL text, in the order of their places. */
export function mutantsOf(text: string): Mutant[] {
  const mutants = tokensOfBodies(text).flatMap((tokens) => [
    ...conditionMutants(tokens),
    ...assignmentMutants(tokens),
    ...lockMutants(tokens),
    ...branchMutants(tokens),
    ...wordMutants(tokens),
  ]);
  return mutants
    .filter(({ start, end, replacement }) => text.slice(start, end) !== replacement)
    .toSorted((a, b) => a.start - b.start || a.end - b.end);
}

export function applyMutant(text: string, { start, end, replacement }: Mutant): string {
  return text.slice(0, start) + replacement + text.slice(end);
}

const clauseEnds = new Set(
  "group order limit for returning union window having offset on join left cross inner set then loop where except".split(
    " ",
  ),
);

/** A range of tokens, the last one included. */
type Range = readonly [first: number, last: number];

/** The conditions that `and` joins in each `where`, `on` and `having`; of single ones, that one. */
function* conditionMutants(tokens: readonly Token[]): Generator<Mutant> {
  for (const [at, { text, depth }] of tokens.entries()) {
    const opens = text === "where" || text === "having" || text === "on";
    if (!opens || tokens[at + 1]?.text === "conflict") continue;
    const conditions = splitAt(tokens, at + 1, depth, "and");
    for (const [n, [first, last]] of conditions.entries()) {
      const [from, to] = [tokens[first], tokens[last]];
      if (from === undefined || to === undefined) continue;
      if (conditions.length === 1) {
        yield { operator: "drop a condition", start: from.start, end: to.end, replacement: "true" };
      } else if (n === 0) {
        const next = tokens[last + 2]?.start ?? to.end;
        yield { operator: "drop a condition", start: from.start, end: next, replacement: "" };
      } else {
        const and = tokens[first - 1]?.start ?? from.start;
        yield { operator: "drop a condition", start: and, end: to.end, replacement: "" };
      }
      yield* comparisonMutants(tokens.slice(first, last + 1));
    }
  }
}

const comparisons: Readonly<Record<string, string>> = {
  "=": "<>",
  "<>": "=",
  "<": "<=",
  "<=": "<",
  ">": ">=",
  ">=": ">",
};

function* comparisonMutants(condition: readonly Token[]): Generator<Mutant> {
  const outer = condition[0]?.depth ?? 0;
  for (const [at, { text, start, end, depth }] of condition.entries()) {
    if (depth !== outer) continue;
    const other = comparisons[text];
    // `= any` means nothing when turned into `<> any`; to drop the condition says more.
    if (other !== undefined && condition[at + 1]?.text !== "any") {
      yield { operator: "flip a comparison", start, end, replacement: other };
    } else if (text === "is") {
      const not = condition[at + 1];
      const isNot = not?.text === "not";
      const to = isNot ? not.end : end;
      yield { operator: "negate", start, end: to, replacement: isNot ? "is" : "is not" };
    }
  }
}

/** Each assignment of an update's `set` that has several. */
function* assignmentMutants(tokens: readonly Token[]): Generator<Mutant> {
  for (const [at, { text, depth }] of tokens.entries()) {
    if (text !== "set") continue;
    const assignments = splitAt(tokens, at + 1, depth, ",", ["from", "where", "returning"]);
    if (assignments.length < 2) continue;
    for (const [n, [first, last]] of assignments.entries()) {
      const isFirst = n === 0;
      const start = tokens[isFirst ? first : first - 1]?.start ?? 0;
      const end = isFirst ? tokens[last + 2]?.start : tokens[last]?.end;
      yield { operator: "drop an assignment", start, end: end ?? start, replacement: "" };
    }
  }
}

/** Parts between separators of this depth, up to the clause's end; `case … end` and `between` are kept whole. */
function splitAt(
  tokens: readonly Token[],
  from: number,
  depth: number,
  separator: string,
  ends: Iterable<string> = clauseEnds,
): Range[] {
  const stops = new Set(ends);
  const parts: Range[] = [];
  let first = from;
  let cases = 0;
  let isBetween = false;
  let at = from;
  for (; at < tokens.length; at++) {
    const token = tokens[at];
    if (token === undefined || token.depth < depth || token.text === ";") break;
    if (token.depth > depth) continue;
    if (token.text === "case") cases += 1;
    else if (token.text === "end") cases -= 1;
    else if (token.text === "between") isBetween = true;
    if (cases > 0) continue;
    // A cast, as in `'…'::interval`, or `is distinct from`.
    const isFrom = token.text === "from" && tokens[at - 1]?.text === "distinct";
    if (stops.has(token.text) && !isFrom) break;
    if (token.text !== separator) continue;
    if (isBetween) {
      isBetween = false;
      continue;
    }
    parts.push([first, at - 1]);
    first = at + 1;
  }
  if (at > first) parts.push([first, at - 1]);
  return parts;
}

function* lockMutants(tokens: readonly Token[]): Generator<Mutant> {
  for (const [at, { text, start, depth }] of tokens.entries()) {
    if (text === "skip" && tokens[at + 1]?.text === "locked") {
      yield {
        operator: "wait for locks",
        start,
        end: tokens[at + 1]?.end ?? start,
        replacement: "",
      };
    }
    if (text !== "for") continue;
    const mode = tokens.slice(at + 1, at + 4).findIndex((token) => token.text === "update");
    if (mode < 0) continue;
    let last = at + 1 + mode;
    const locks = new Set(["of", "skip", "locked", "nowait"]);
    while (
      tokens[last + 1]?.depth === depth &&
      (locks.has(tokens[last + 1]?.text ?? "") || tokens[last]?.text === "of")
    ) {
      last += 1;
    }
    yield { operator: "don't lock", start, end: tokens[last]?.end ?? start, replacement: "" };
  }
}

/** Conditions of `if` and `when`, and calls made for their effect. */
function* branchMutants(tokens: readonly Token[]): Generator<Mutant> {
  for (const [at, { text, start, depth }] of tokens.entries()) {
    if (text === "perform") {
      const semicolon = tokens.find((token, n) => n > at && token.text === ";");
      yield { operator: "drop a call", start, end: semicolon?.start ?? start, replacement: "null" };
    }
    const isIf = (text === "if" && tokens[at - 1]?.text !== "end") || text === "elsif";
    if (!isIf) continue;
    const then = tokens.findIndex(
      (token, n) => n > at && token.text === "then" && token.depth === depth,
    );
    const [first, last] = [tokens[at + 1], tokens[then - 1]];
    if (first === undefined || last === undefined) continue;
    for (const replacement of ["true", "false"]) {
      yield {
        operator: `branch on ${replacement}`,
        start: first.start,
        end: last.end,
        replacement,
      };
    }
  }
}

const words: Readonly<Record<string, string>> = {
  greatest: "least",
  least: "greatest",
  desc: "asc",
  true: "false",
  false: "true",
};

function* wordMutants(tokens: readonly Token[]): Generator<Mutant> {
  for (const [at, { text, start, end }] of tokens.entries()) {
    const before = tokens[at - 1]?.text;
    const other = words[text];
    if (other !== undefined) {
      yield { operator: `${text} to ${other}`, start, end, replacement: other };
    } else if ((text === "+" || text === "-") && /^[\w)\]]/u.test(before ?? "")) {
      yield { operator: "flip a sign", start, end, replacement: text === "+" ? "-" : "+" };
    } else if (text === "not" && tokens[at + 1]?.text === "exists") {
      yield { operator: "negate", start, end, replacement: "" };
    } else if (text === "exists" && before !== "not" && before !== "if") {
      yield { operator: "negate", start, end: start, replacement: "not " };
    }
  }
}
