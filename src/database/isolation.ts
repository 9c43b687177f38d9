import type { Pool } from "pg";
import { withPooled } from "./connection.js";
import { isPool, type Executor } from "./executor.js";
import { sqlState } from "./failure.js";
import { unprepared } from "./prepared-statements.js";
import { runTransaction } from "./transaction.js";

/**
 * PostgreSQL's codes for a statement whose snapshot others have overtaken, and for one that refuses another
 * isolation from the start (sql/migrations/21_cleanup.sql).
 */
const isolationFailures: ReadonlySet<string> = new Set(["40001", "25000"]);

/** An executor outside of any transaction that can also run one. */
export interface ReadCommittedExecutor extends Executor {
  /** Runs `fn` in a transaction of its own, read committed. */
  readCommitted<T>(fn: (tx: Executor) => Promise<T>): Promise<T>;
}

/** Executors on whose connections a statement by itself is not read committed. */
const strict = new WeakSet<Executor>();

/**
 * Runs one statement of Taskwright's own, which relies on read committed. A statement outside of a transaction
 * has the connection's default isolation. Where that is stricter (`default_transaction_isolation`), the first
 * statement that fails for it is run again, and from then on each has a transaction of its own. Inside of a
 * caller's transaction, the isolation is the caller's: the error is passed on.
 * @param readDefault Asks for the connection's default.
 */
export async function runReadCommitted<T>(
  db: Executor,
  run: (db: Executor) => Promise<T>,
  readDefault: (db: Executor) => Promise<string | undefined>,
): Promise<T> {
  if (strict.has(db)) return inOwnTransaction(db, run);
  try {
    return await run(db);
  } catch (error) {
    if (!isolationFailures.has(sqlState(error) ?? "") || !isOutside(db)) throw error;
    const isolation = await readDefault(db).catch(() => undefined);
    if (!noteIsolation(db, isolation)) throw error;
    return inOwnTransaction(db, run);
  }
}

/**
 * Takes note of the default isolation of an executor's connections, such as `repeatable read`.
 * @returns Whether it is stricter than read committed; false when it isn't known.
 */
export function noteIsolation(db: Executor, isolation: string | undefined): boolean {
  const isStrict = isolation !== undefined && isolation !== "read committed";
  if (isStrict) strict.add(db);
  return isStrict;
}

/** Whether the executor's statements are outside of any transaction for sure. */
function isOutside(db: Executor): db is (Executor & Pool) | ReadCommittedExecutor {
  return isPool(db) || "readCommitted" in db;
}

function inOwnTransaction<T>(db: Executor, run: (db: Executor) => Promise<T>): Promise<T> {
  if ("readCommitted" in db) return (db as ReadCommittedExecutor).readCommitted(run);
  return withPooled(db as Executor & Pool, (client, discard) =>
    runTransaction(client, unprepared, run, discard),
  );
}
