import { defaultSchema } from "../database/identifier.js";
import { bindQueries, type Queries } from "../database/queries.js";
import { explainRefusal } from "../jobs/refusal.js";
import { arrayOf, integer, name, Rule, schemaName, text, type Rules } from "../option-rules.js";
import { checkOptions, type Checked } from "../options.js";

/** What every function here takes. */
export interface ManageOptions {
  /** Unquoted name of the schema. Default `graphile_worker`. */
  readonly schema?: string;
}

/** Each option's rule and default: what every function's own rules begin with. */
export const manageRules = {
  schema: schemaName().or(defaultSchema),
} satisfies Rules<ManageOptions>;

type ManageRules = typeof manageRules & Readonly<Record<string, Rule<unknown, unknown>>>;

/**
 * Checks the options of a management function and runs its statements. They are never kept prepared:
 * each is planned for what it is asked and for the size that the queue has now, and poolers need no
 * setting.
 * @param owner The function, for messages.
 * @throws TaskwrightError `OPTION_UNKNOWN`, `OPTION_INVALID`, `SCHEMA_MISSING`
 */
export async function manage<T, List extends ManageRules>(
  owner: string,
  given: ManageOptions,
  rules: List,
  run: (queries: Queries, options: Checked<List>) => Promise<T>,
): Promise<T> {
  const options = checkOptions(owner, given, rules);
  const { schema }: { readonly schema: unknown } = options;
  try {
    return await run(bindQueries({ schema: String(schema), preparedStatements: false }), options);
  } catch (error) {
    throw explainRefusal(error, owner);
  }
}

const maxLimit = 1000;

/** How long a page is. */
export const limitRule = () => integer(1, maxLimit).or(100);

const maxId = 2n ** 63n - 1n;

/** A job's id: PostgreSQL's bigint, as a string. */
const idRange = `from 0 to ${maxId}`;

export const idRule = new Rule<string>(`a job's id: a string of digits, ${idRange}`, isId);

export const idsRule = arrayOf(idRule, `job ids: strings of digits, ${idRange}`);

function isId(value: unknown): boolean {
  return typeof value === "string" && /^\d{1,19}$/u.test(value) && BigInt(value) <= maxId;
}

/** The longest name of a task or a queue. */
const maxNameLength = 128;

export const nameRule = name();

export const shortNameRule = name(maxNameLength);

export const textRule = text();
