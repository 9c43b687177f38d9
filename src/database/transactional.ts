import { refuseOption } from "../options.js";
import { withPooled } from "./connection.js";
import { Database } from "./database.js";
import { isPool, type Executor } from "./executor.js";
import { defaultSchema } from "./identifier.js";
import { unprepared } from "./prepared-statements.js";
import { bindQueries } from "./queries.js";
import { runTransaction } from "./transaction.js";

const queries = bindQueries({ schema: defaultSchema, preparedStatements: false });

/**
 * Runs `fn` in a transaction: in one of its own, read committed, on a pool, else in the one that the executor is in.
 * @param owner The function that needs it, for messages.
 * @throws TaskwrightError `OPTION_INVALID` for an executor that is neither: what it is, and whether
 * its statements share a connection, can't be told.
 */
export async function inTransaction<T>(
  owner: string,
  db: Executor,
  fn: (tx: Executor) => Promise<T>,
): Promise<T> {
  if (Database.is(db)) return db.readCommitted(fn);
  if (isPool(db)) {
    return withPooled(db, (client, discard) => runTransaction(client, unprepared, fn, discard));
  }
  if (await isTransaction(db)) return fn(db);
  return refuseOption(owner, "db", "a Pool of pg, or an executor inside of a transaction");
}

/** Outside of a transaction each statement has one of its own. */
async function isTransaction(db: Executor): Promise<boolean> {
  const [first] = await queries.readTransactionId(db);
  const [second] = await queries.readTransactionId(db);
  return first !== undefined && first.id === second?.id;
}
