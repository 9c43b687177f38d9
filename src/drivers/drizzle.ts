import type { Executor } from "../database/executor.js";

/** A query as Drizzle's `sql` makes it: once asked, it gives its text and its parameters. */
export interface DrizzleQuery {
  getSQL(): { toQuery(config: never): { readonly sql: string; readonly params: unknown[] } };
}

/** What is used of a `PgDatabase` or a `PgTransaction`. */
export interface DrizzleDatabase {
  execute(query: DrizzleQuery | string): PromiseLike<unknown>;
}

/**
 * Adds jobs through [Drizzle](https://orm.drizzle.team) on PostgreSQL: tested with its `node-postgres`
 * and its `postgres-js`.
 *
 * ```ts
 * await db.transaction(async (tx) => {
 *   await tx.insert(accounts).values({ email });
 *   await addSendEmail(fromDrizzle(tx), { to: email, subject: "Welcome", body: "…" });
 * });
 * ```
 */
export function fromDrizzle(db: DrizzleDatabase): Executor {
  return {
    query: async (sql, params) => {
      const query = { toQuery: () => ({ sql, params }) };
      const result = await db.execute({ getSQL: () => query });
      return { rows: readRows(result) };
    },
  };
}

/** Drizzle hands out its driver's own result: the rows, or an object that has them. */
function readRows(result: unknown): unknown[] {
  if (Array.isArray(result)) return [...(result as readonly unknown[])];
  return (result as { readonly rows: unknown[] }).rows;
}
