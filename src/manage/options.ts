import { defaultSchema } from "../database/identifier.js";
import { bindQueries, type Queries } from "../database/queries.js";
import { explainRefusal } from "../jobs/refusal.js";
import { refuseOption, refuseUnknownOptions } from "../options.js";

/** What every function here takes. */
export interface ManageOptions {
  /** Unquoted name of the schema. Default `graphile_worker`. */
  readonly schema?: string;
}

/**
 * Runs statements of a management function. They are never kept prepared: each is planned for what
 * it is asked and for the size that the queue has now, and poolers need no setting.
 * @param owner The function, for messages.
 * @param known The options that it has beside the schema.
 * @throws TaskwrightError `OPTION_UNKNOWN`, `OPTION_INVALID`, `SCHEMA_MISSING`
 */
export async function manage<T, Options extends ManageOptions>(
  owner: string,
  options: Options,
  known: readonly (keyof Options & string)[],
  run: (queries: Queries) => Promise<T>,
): Promise<T> {
  refuseUnknownOptions(owner, options, [...known, "schema"]);
  const { schema = defaultSchema } = options;
  try {
    return await run(bindQueries({ schema, preparedStatements: false }));
  } catch (error) {
    throw explainRefusal(error);
  }
}

/** No page is longer. */
export const maxLimit = 1000;

const maxId = 2n ** 63n - 1n;

/** Whether this can be a job's id: PostgreSQL's bigint, as a string. */
export function isId(value: unknown): value is string {
  return typeof value === "string" && /^\d{1,19}$/u.test(value) && BigInt(value) <= maxId;
}

/** Whether PostgreSQL's text can hold it. */
export function isText(value: unknown): value is string {
  return typeof value === "string" && !value.includes("\0");
}

/** @throws TaskwrightError `OPTION_INVALID` */
export function checkText(owner: string, option: string, value: unknown): void {
  if (value !== undefined && !isText(value)) {
    refuseOption(owner, option, "a string without NUL characters");
  }
}

/** @throws TaskwrightError `OPTION_INVALID` */
export function checkName(owner: string, option: string, value: unknown): asserts value is string {
  if (isText(value) && value !== "") return;
  refuseOption(owner, option, "a string that is not empty, without NUL characters");
}

/** @throws TaskwrightError `OPTION_INVALID` */
export function checkNames(owner: string, option: string, value: unknown): void {
  if (Array.isArray(value) && value.every((name) => isText(name) && name !== "")) return;
  refuseOption(owner, option, "an array of strings that are not empty, without NUL characters");
}

/** @throws TaskwrightError `OPTION_INVALID` */
export function checkInteger(
  owner: string,
  option: string,
  value: unknown,
  [min, max]: readonly [number, number],
): void {
  if (Number.isInteger(value) && (value as number) >= min && (value as number) <= max) return;
  refuseOption(owner, option, `an integer from ${min} to ${max}`);
}

/** @throws TaskwrightError `OPTION_INVALID` */
export function checkId(owner: string, id: unknown): void {
  if (!isId(id)) refuseOption(owner, "id", "a job's id: a string of digits");
}

/** @throws TaskwrightError `OPTION_INVALID` */
export function checkIds(owner: string, ids: unknown): void {
  if (!Array.isArray(ids) || !ids.every(isId)) {
    refuseOption(owner, "ids", "an array of job ids: strings of digits");
  }
}
