import type { Executor } from "./executor.js";
import { hiddenError, type RoleKind } from "./privilege.js";
import { askRole, type Queries } from "./queries.js";

/** The tables of jobs and of the names that jobs refer to. */
export const jobTables: readonly string[] = [
  "_private_jobs",
  "_private_tasks",
  "_private_job_queues",
];

/** The table of pauses. */
export const pauseTables: readonly string[] = ["taskwright_pauses"];

/** Those of the tables whose rows the executor's role can't see because of row level security. */
export async function findHidden(
  queries: Queries,
  db: Executor,
  schema: string,
  tables: readonly string[],
): Promise<string[]> {
  const rows = await queries.findHiddenTables(db, { schema, tables: JSON.stringify(tables) });
  return rows.map(({ name }) => name);
}

/**
 * Refuses to answer from tables whose rows the role can't see: to it they look empty.
 * @throws TaskwrightError `PRIVILEGE_MISSING`
 */
export async function refuseHidden(
  queries: Queries,
  db: Executor,
  schema: string,
  tables: readonly string[],
  needs: RoleKind,
): Promise<void> {
  const hidden = await findHidden(queries, db, schema, tables);
  if (hidden.length === 0) return;
  throw hiddenError(hidden, { schema, needs, role: await askRole(db) });
}
