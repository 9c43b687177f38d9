import type { Executor } from "../database/executor.js";
import type { Queries } from "../database/queries.js";

/**
 * Grants to all roles that were granted rights what a migration has added.
 * @param tx The migration's transaction.
 */
export async function renewGrants(queries: Queries, tx: Executor, schema: string): Promise<void> {
  for (const { role, kind } of await queries.listGrantedRights(tx, { schema })) {
    const statements = undone(await queries.listGrants(tx, { schema, role, kind }));
    for (const text of statements) await tx.query(text, []);
  }
}

/** Those of the statements that would change something. */
export function undone(
  statements: readonly { readonly text: string; readonly isDone: boolean }[],
): string[] {
  return statements.filter(({ isDone }) => !isDone).map(({ text }) => text);
}
