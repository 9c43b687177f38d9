import type { Executor } from "../database/executor.js";

/** What is used of a `Sql`, `TransactionSql` or `ReservedSql` of the library `postgres`. */
export interface PostgresSql {
  unsafe(
    text: string,
    parameters: unknown[] | undefined,
    options: { readonly prepare: boolean },
  ): PromiseLike<readonly unknown[]>;
}

/**
 * Adds jobs through [postgres](https://github.com/porsager/postgres). A client that was made with
 * `prepare: false`, for a pooler, prepares nothing here either.
 *
 * ```ts
 * await sql.begin(async (tx) => {
 *   await tx`insert into accounts (email) values (${email})`;
 *   await addSendEmail(fromPostgres(tx), { to: email, subject: "Welcome", body: "…" });
 * });
 * ```
 */
export function fromPostgres(sql: PostgresSql): Executor {
  return {
    query: async (text, values) => {
      const rows = await sql.unsafe(text, values, { prepare: true });
      return { rows: [...rows] };
    },
  };
}
