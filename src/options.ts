import { closest, distance } from "fastest-levenshtein";
import { TaskwrightError, toError } from "./errors.js";
import { isRecord, type Rule } from "./option-rules.js";

export { maxTimerMs } from "./option-rules.js";

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

/** The options of a list of rules, with defaults filled in. */
export type Checked<List> = {
  readonly [Name in keyof List]: List[Name] extends Rule<infer Value, infer Default>
    ? Value | Default
    : never;
};

/**
 * Reads options once, checks each and fills in the defaults. Arrays are copied, so that nothing changes
 * after it was checked.
 * @param owner Whose options they are, for the message, such as `startWorker`.
 * @throws TaskwrightError `OPTION_UNKNOWN`, `OPTION_INVALID`
 */
export function checkOptions<List extends Readonly<Record<string, Rule<unknown, unknown>>>>(
  owner: string,
  given: unknown,
  rules: List,
): Checked<List> {
  const known = Object.keys(rules);
  const values = readOptions(owner, given, rules);
  for (const option of known) {
    const rule = rules[option] as Rule<unknown, unknown>;
    const value = values[option];
    if (value === undefined && !rule.isRequired) values[option] = rule.default;
    else if (!rule.accepts(value)) refuseOption(owner, option, rule.expected);
  }
  return Object.freeze(values) as Checked<List>;
}

/**
 * A copy of options that are passed on, whose owner checks them.
 * @throws TaskwrightError `OPTION_INVALID`
 */
export function copyOptions<Options extends object>(owner: string, given: Options): Options {
  return readSafely(owner, () => (isRecord(given) ? { ...given } : refuseOptions(owner)));
}

/** A getter, or a Proxy, may give another value each time, or throw. */
function readSafely<T>(owner: string, read: () => T): T {
  try {
    return read();
  } catch (error) {
    if (TaskwrightError.is(error)) throw error;
    throw new TaskwrightError(
      "OPTION_INVALID",
      `The options of ${owner} can't be read: ${toError(error).message}`,
      { owner },
      { cause: error },
    );
  }
}

function readOptions(
  owner: string,
  given: unknown,
  rules: Readonly<Record<string, Rule<unknown, unknown>>>,
): Record<string, unknown> {
  return readSafely(owner, () => {
    if (!isRecord(given)) return refuseOptions(owner);
    refuseUnknownOptions(owner, given, Object.keys(rules));
    const values: Record<string, unknown> = {};
    for (const [option, { copiesArrays }] of Object.entries(rules)) {
      const value = given[option];
      values[option] =
        copiesArrays && Array.isArray(value) ? Object.freeze(Array.from<unknown>(value)) : value;
    }
    return values;
  });
}

function refuseOptions(owner: string): never {
  throw new TaskwrightError("OPTION_INVALID", `The options of ${owner} must be an object.`, {
    owner,
  });
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

/**
 * Checks one value, such as an argument.
 * @throws TaskwrightError `OPTION_INVALID`
 */
export function checkOption<Value>(
  owner: string,
  option: string,
  value: unknown,
  rule: Rule<Value, unknown>,
): asserts value is Value {
  if (!rule.accepts(value)) refuseOption(owner, option, rule.expected);
}

/** @throws TaskwrightError `OPTION_INVALID`, always. */
export function refuseOption(owner: string, option: string, expected: string): never {
  throw new TaskwrightError(
    "OPTION_INVALID",
    `Option "${option}" of ${owner} must be ${expected}.`,
    { owner, option, expected },
  );
}
