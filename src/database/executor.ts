import type { Pool, QueryConfig } from "pg";
import { TaskwrightError } from "../errors.js";
import { resultTypes } from "./result-types.js";

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

/** A statement of Taskwright's own. */
export interface Statement {
  /** The server may keep the statement prepared under it; undefined when it must not. */
  readonly name: string | undefined;
  readonly text: string;
  readonly values: unknown[];
}

/** An executor that can also run statements of Taskwright's own, and keep them prepared. */
export interface StatementExecutor extends Executor {
  execute(statement: Statement): Promise<QueryResult>;
}

/**
 * Runs a statement of Taskwright's own. Where `pg` runs it, the application's parsers of types don't apply;
 * other drivers get text and give text back.
 */
export function runStatement(db: Executor, statement: Statement): Promise<QueryResult> {
  if (isStatementExecutor(db)) return db.execute(statement);
  const { text, values } = statement;
  return isOfPg(db) ? db.query({ text, values, types: resultTypes }) : db.query(text, values);
}

/** What `pg` has beside {@link Executor}. */
interface PgExecutor {
  query(statement: QueryConfig<unknown[]>): Promise<QueryResult>;
}

/** Structural, since there may be several copies of `pg`. */
function isOfPg(db: Executor): db is Executor & PgExecutor {
  return "connect" in db && ("totalCount" in db || "connectionParameters" in db);
}

/** Whether an executor is a pool of `pg`; a Client can connect, too. */
export function isPool(db: Executor): db is Executor & Pool {
  return "connect" in db && "totalCount" in db && "idleCount" in db;
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
