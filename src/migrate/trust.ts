import type { FindUntrustedObjectsResult } from "../../generated/queries/schema.js";
import type { Executor } from "../database/executor.js";
import type { Queries } from "../database/queries.js";
import { TaskwrightError } from "../errors.js";
import { names, type Rules } from "../option-rules.js";
import { catalogue } from "./catalogue.js";

/** An object of the schema that belongs to a role that the migrator doesn't trust. */
type Untrusted = FindUntrustedObjectsResult;

/** Names of what workers use. An object of another name is none of the queue's. */
const known: Readonly<Record<string, ReadonlySet<string>>> = {
  relation: new Set([
    ...catalogue.flatMap(({ relations, indexes }) => [...relations, ...indexes]),
    "tasks_id_seq",
    "job_queues_id_seq",
    "jobs_id_seq1",
  ]),
  function: new Set(catalogue.flatMap(({ functions }) => [...functions.keys()])),
};

/** Enough to see whose they are. */
const maxShown = 5;

/** Roles that may own the schema and its objects, beside those that are trusted anyway. */
export interface TrustOptions {
  /**
   * Roles that may own the schema and its objects, beside the current role, roles that it is a member of,
   * superusers and the owner of the database. Default: none.
   */
  readonly trustedOwners?: readonly string[];
}

/** Each option's rule and default. */
export const trustRules = {
  trustedOwners: names().or(Object.freeze([])),
} satisfies Rules<TrustOptions>;

/**
 * Checks the owners of a schema's objects. To read a table or a view, or to call a function, runs what its owner
 * says with the rights of the current role. Another role may have made the schema first for that.
 * @returns What is wrong with the owners, for a role that may not create schemas, such as a worker's: it may use
 * what it was given. Undefined when all are trusted.
 * @throws TaskwrightError `SCHEMA_UNTRUSTED` for every other role
 */
export async function checkOwners(
  queries: Queries,
  db: Executor,
  schema: string,
  trustedOwners: readonly string[],
): Promise<TaskwrightError | undefined> {
  const found = await queries.findUntrustedObjects(db, {
    schema,
    trustedOwners: JSON.stringify(trustedOwners),
  });
  const untrusted = found.filter(({ kind, name }) => known[kind]?.has(name) ?? true);
  const [first] = untrusted;
  if (first === undefined) return undefined;
  const error = untrustedError(schema, untrusted);
  if (first.mayCreate) throw error;
  return error;
}

function untrustedError(schema: string, untrusted: readonly Untrusted[]): TaskwrightError {
  const owners = [...new Set(untrusted.map(({ owner }) => owner))];
  const shown = untrusted
    .slice(0, maxShown)
    .map(({ kind, name, owner }) => `${kind} ${name} (owner ${owner})`);
  const more = untrusted.length - shown.length;
  return new TaskwrightError(
    "SCHEMA_UNTRUSTED",
    `Schema ${schema} has objects of roles that the current role has no reason to trust: ${shown.join(", ")}${more > 0 ? `, and ${more} more` : ""}. The owner of an object decides what runs when it is used. If ${owners.join(" and ")} may decide that, run \`taskwright migrate ${owners.map((owner) => `--trust-owner=${owner}`).join(" ")}\` (trustedOwners), or migrate as the owner; otherwise drop the schema, or give its objects to a role of yours (alter … owner to …).`,
    { schema, objects: untrusted.map(({ kind, name, owner }) => ({ kind, name, owner })) },
  );
}

/** A warning for each trigger that may no longer find what its function names. */
export async function findTriggerWarnings(
  queries: Queries,
  db: Executor,
  schema: string,
): Promise<readonly string[]> {
  const triggers = await queries.findUnpinnedTriggers(db, { schema });
  return triggers.map(
    (row) =>
      `Trigger ${row.trigger} on ${schema}.${row.table} calls ${row.function}, which has no search_path of its own. Taskwright's functions run with search_path = pg_catalog, so it finds only names that are written with their schema. If it uses others, run: alter function ${row.function} set search_path = public, pg_temp`,
  );
}
