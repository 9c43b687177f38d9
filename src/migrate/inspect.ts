import { bindQueries, type Queries } from "../database/queries.js";
import type { Executor } from "../database/executor.js";
import { connectionRules, withConnection, type ConnectionOptions } from "../database/connection.js";
import { defaultSchema } from "../database/identifier.js";
import type { TaskwrightError } from "../errors.js";
import { schemaName } from "../option-rules.js";
import { checkOptions } from "../options.js";
import { newest, notOurs, type Findings } from "./findings.js";
import { checkOwners, trustRules, type TrustOptions } from "./trust.js";
import { isLedger, missingNames, newerFunctions, schemaStatus, type SchemaState } from "./state.js";

/** A schema's state with what it was concluded from. */
export interface Inspection {
  readonly state: SchemaState;
  readonly findings: Findings;
  /** What is wrong with the owners; undefined when the role has no reason to distrust them. */
  readonly untrusted: TaskwrightError | undefined;
  /** Whether the newest revision is so young that a peer may be in the midst of migrating. */
  readonly isMoving: boolean;
}

/** Each option's rule and default. */
const inspectRules = {
  ...connectionRules,
  schema: schemaName().or(defaultSchema),
  ...trustRules,
};

/**
 * Tells what is in the database under a schema's name. Changes nothing.
 * @throws TaskwrightError `OPTION_INVALID` unless exactly one connection source is given;
 * `OPTION_UNKNOWN`, `SCHEMA_UNTRUSTED`
 */
export async function inspectSchema(
  given: ConnectionOptions & TrustOptions & { readonly schema?: string },
): Promise<SchemaState> {
  const options = checkOptions("inspectSchema", given, inspectRules);
  const { schema, trustedOwners } = options;
  const queries = bindQueries({ schema, preparedStatements: false });
  return withConnection("inspectSchema", options, async (client) => {
    const { state } = await inspect(queries, client, schema, trustedOwners);
    return state;
  });
}

/** @throws TaskwrightError `SCHEMA_UNTRUSTED` before anything of another role is read */
export async function inspect(
  queries: Queries,
  db: Executor,
  schema: string,
  trustedOwners: readonly string[],
): Promise<Inspection> {
  const untrusted = await checkOwners(queries, db, schema, trustedOwners);
  const [row] = await queries.inspectCatalogue(db, { schema });
  if (row === undefined) throw new Error("The catalogue gave no answer.");
  const ledgerColumns = readNames(row.ledgerColumns);
  const revisions = isLedger(ledgerColumns) ? await queries.readLedger(db) : [];
  const findings: Findings = {
    exists: row.exists,
    relations: new Set(readNames(row.relations)),
    functions: readVersions(readNames(row.functions)),
    ledgerColumns,
    revisions,
  };
  return {
    findings,
    untrusted,
    isMoving: revisions.at(-1)?.isRecent ?? false,
    state: Object.freeze({
      schema,
      status: schemaStatus(findings),
      revision: newest(revisions),
      breakingRevision: newest(revisions.filter(({ breaking }) => breaking)),
      missing: missingNames(findings),
      newer: newerFunctions(findings),
      serverVersion: row.serverVersion,
    }),
  };
}

/** A list of names, which comes as JSON: applications may have replaced how `pg` reads arrays. */
function readNames(json: string): string[] {
  return JSON.parse(json) as string[];
}

/** `name` or `name version`; of overloads, the newest of ours counts. */
function readVersions(functions: readonly string[]): Map<string, number> {
  const versions = new Map<string, number>();
  for (const text of functions) {
    const [name = "", version = notOurs] = text.split(" ");
    versions.set(name, Math.max(versions.get(name) ?? notOurs, Number(version)));
  }
  return versions;
}
