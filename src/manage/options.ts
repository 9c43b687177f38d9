import { defaultSchema } from "../database/identifier.js";
import type { Executor } from "../database/executor.js";
import type { RoleKind } from "../database/privilege.js";
import { bindQueries, type Queries } from "../database/queries.js";
import { jobTables, pauseTables, refuseHidden } from "../database/visibility.js";
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

/** What a management function looks at or changes. */
export interface Access {
  /** The tables whose rows its answer is made of. */
  readonly tables: readonly string[];
  /** The kind of role that may do this. */
  readonly needs: RoleKind;
}

/** Reads jobs. */
export const reads: Access = { tables: jobTables, needs: "reader" };

/** Reads jobs, and what is paused. */
export const readsWithPauses: Access = {
  tables: [...jobTables, ...pauseTables],
  needs: "reader",
};

/** Reads what is paused. */
export const readsPauses: Access = { tables: pauseTables, needs: "reader" };

/** Pauses and resumes. */
export const changesPauses: Access = { tables: pauseTables, needs: "operator" };

/** Changes jobs. */
export const changes: Access = { tables: jobTables, needs: "operator" };

/**
 * Checks the options of a management function and runs its statements. A role that row level security keeps
 * from seeing what the answer is made of gets an error instead of an empty answer. They are never kept prepared:
 * each is planned for what it is asked and for the size that the queue has now, and poolers need no
 * setting.
 * @param owner The function, for messages.
 * @throws TaskwrightError `OPTION_UNKNOWN`, `OPTION_INVALID`, `SCHEMA_MISSING`, `PRIVILEGE_MISSING`
 */
export async function manage<T, List extends ManageRules>(
  owner: string,
  access: Access,
  given: ManageOptions,
  rules: List,
  run: (queries: Queries, options: Checked<List>) => Promise<T>,
): Promise<T> {
  const options = checkOptions(owner, given, rules);
  const schema = String((options as { readonly schema: unknown }).schema);
  const queries = bindQueries({ schema, preparedStatements: false });
  try {
    return await run(guardQueries(queries, schema, access), options);
  } catch (error) {
    throw explainRefusal(error, owner);
  }
}

/**
 * The same queries, before the first of which the rows that they concern are made sure to be visible. Not
 * earlier: arguments are checked before the database is asked.
 */
function guardQueries(queries: Queries, schema: string, { tables, needs }: Access): Queries {
  let checked: Promise<void> | undefined;
  const guarded = Object.entries(queries).map(([name, query]) => [
    name,
    async (db: Executor, params?: never) => {
      // On the same executor: a pool may have no second connection.
      checked ??= refuseHidden(queries, db, schema, tables, needs);
      await checked;
      return (query as (db: Executor, params?: never) => Promise<unknown>)(db, params);
    },
  ]);
  return Object.fromEntries(guarded) as Queries;
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
