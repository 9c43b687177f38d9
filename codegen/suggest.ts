import { closest, distance } from "fastest-levenshtein";

/** Beyond this many edits a suggestion would be a guess. */
const maxEdits = 3;

/** ` Did you mean "x"?`, or nothing when no known name is close. */
export function didYouMean(given: string, known: readonly string[]): string {
  if (known.length === 0) return "";
  const lowerCase = known.map((name) => name.toLowerCase());
  const best = closest(given.toLowerCase(), lowerCase);
  const name = known[lowerCase.indexOf(best)] ?? best;
  const edits = distance(given.toLowerCase(), best);
  return edits <= Math.min(maxEdits, Math.ceil(best.length / 3)) ? ` Did you mean "${name}"?` : "";
}
