import { TaskwrightError } from "../errors.js";

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

/**
 * Refuses what can't run SQL: callers may be JavaScript's.
 * @throws TaskwrightError `EXECUTOR_INVALID`
 */
export function checkExecutor(db: unknown): void {
  try {
    const isObject = (typeof db === "object" && db !== null) || typeof db === "function";
    if (isObject && "query" in db && typeof db.query === "function") return;
  } catch {
    // A Proxy that can't be asked runs no SQL either.
  }
  throw executorError(
    "There is no query(text, values) in what was given to run SQL with. Give a Pool, a client or a transaction of pg; for other libraries, taskwright/drivers has adapters, such as fromKysely(trx).",
  );
}

/**
 * The rows of an answer.
 * @throws TaskwrightError `EXECUTOR_INVALID`
 */
export function rowsOf(result: unknown): unknown[] {
  if (typeof result === "object" && result !== null && "rows" in result) {
    if (Array.isArray(result.rows)) return result.rows as unknown[];
  }
  throw executorError(
    "The executor's query(text, values) must resolve to an object with the array `rows`. The statement may have been run.",
  );
}

export function executorError(message: string): TaskwrightError {
  return new TaskwrightError("EXECUTOR_INVALID", message);
}

export function isStatementExecutor(db: Executor): db is StatementExecutor {
  return "execute" in db && typeof db.execute === "function";
}
