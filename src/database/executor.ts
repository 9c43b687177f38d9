/** The part of a driver's answer that Taskwright reads. */
export interface QueryResult {
  readonly rows: unknown[];
}

/**
 * Anything that runs SQL: a `pg` Pool, a Client in a transaction, or an adapter of some other
 * driver. The type is structural on purpose.
 */
export interface Executor {
  query(text: string, values: unknown[]): Promise<QueryResult>;
}

/** A statement that the server may keep prepared under its name. */
export interface Statement {
  readonly name: string;
  readonly text: string;
  readonly values: unknown[];
}

/** An executor that can also run a named prepared statement. */
export interface StatementExecutor extends Executor {
  execute(statement: Statement): Promise<QueryResult>;
}

export function isStatementExecutor(db: Executor): db is StatementExecutor {
  return "execute" in db && typeof db.execute === "function";
}
