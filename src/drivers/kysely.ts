import type { Executor, QueryResult } from "../database/executor.js";

/** A query as Kysely compiles it: raw SQL with numbered parameters. */
export interface KyselyQuery {
  readonly sql: string;
  readonly parameters: readonly unknown[];
  readonly query: {
    readonly kind: "RawNode";
    readonly sqlFragments: readonly string[];
    readonly parameters: readonly never[];
  };
  readonly queryId: { readonly queryId: string };
}

/** What is used of a `Kysely` or a `Transaction`. */
export interface KyselyDatabase {
  executeQuery(query: KyselyQuery): Promise<QueryResult>;
}

/**
 * Adds jobs through [Kysely](https://kysely.dev) on PostgreSQL, whatever its dialect.
 *
 * ```ts
 * await db.transaction().execute(async (trx) => {
 *   await trx.insertInto("accounts").values({ email }).execute();
 *   await addSendEmail(fromKysely(trx), { to: email, subject: "Welcome", body: "…" });
 * });
 * ```
 */
export function fromKysely(db: KyselyDatabase): Executor {
  return {
    query: async (sql, parameters) => {
      // Kysely's plugins keep what they know of a query under its id.
      const queryId = { queryId: crypto.randomUUID() };
      const query = { kind: "RawNode", sqlFragments: [sql], parameters: [] } as const;
      const { rows } = await db.executeQuery({ sql, parameters, query, queryId });
      return { rows };
    },
  };
}
