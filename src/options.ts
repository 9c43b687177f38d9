import { closest, distance } from "fastest-levenshtein";
import { TaskwrightError } from "./errors.js";

/** What a timer can be set for, about 24.8 days: JavaScript fires one that is set for more at once. */
export const maxTimerMs = 2 ** 31 - 1;

/** Beyond this many edits a suggestion would be a guess. */
const maxEdits = 3;

/** The known name that was probably meant, if any is close enough. */
export function suggest(given: string, known: readonly string[]): string | undefined {
  if (known.length === 0) return undefined;
  const lowerCase = known.find((name) => name.toLowerCase() === given.toLowerCase());
  const best = lowerCase ?? closest(given, known);
  const edits = distance(given.toLowerCase(), best.toLowerCase());
  return edits <= Math.min(maxEdits, Math.ceil(best.length / 3)) ? best : undefined;
}

/** ` Did you mean "x"?`, or nothing. */
export function suggestion(given: string, known: readonly string[]): string {
  const name = suggest(given, known);
  return name === undefined ? "" : ` Did you mean "${name}"?`;
}

/**
 * Refuses options that don't exist, so that a misspelt one isn't silently without effect.
 * @param owner Whose options they are, for the message, such as `startWorker`.
 * @throws TaskwrightError `OPTION_UNKNOWN`
 */
export function refuseUnknownOptions(owner: string, given: object, known: readonly string[]): void {
  for (const option of Object.keys(given)) {
    if (known.includes(option)) continue;
    throw new TaskwrightError(
      "OPTION_UNKNOWN",
      `${owner} has no option "${option}".${suggestion(option, known)} Known options: ${known.join(", ")}.`,
      { owner, option, known },
    );
  }
}

/** @throws TaskwrightError `OPTION_INVALID`, always. */
export function refuseOption(owner: string, option: string, expected: string): never {
  throw new TaskwrightError(
    "OPTION_INVALID",
    `Option "${option}" of ${owner} must be ${expected}.`,
    { owner, option, expected },
  );
}
