import { closest, distance } from "fastest-levenshtein";

/** Beyond this many edits a suggestion would be a guess. */
const maxEdits = 3;
/** A name that starts with this much of another is near it, however much longer it is. */
const minPrefix = 4;

/** ` Did you mean "x"?`, or nothing when no known name is close. */
export function didYouMean(given: string, known: readonly string[]): string {
  const lower = given.toLowerCase();
  const lowerCase = known.map((name) => name.toLowerCase());
  const index = lowerCase.indexOf(closest(lower, lowerCase));
  const best = known[index];
  const isNear = best !== undefined && distance(lower, lowerCase[index] ?? "") <= limit(best);
  const name = isNear
    ? best
    : known.find((_, at) => lower.length >= minPrefix && lowerCase[at]?.startsWith(lower));
  return name === undefined ? "" : ` Did you mean "${name}"?`;
}

function limit(name: string): number {
  return Math.min(maxEdits, Math.ceil(name.length / 3));
}
