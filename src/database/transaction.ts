import type { ClientBase } from "pg";
import { TaskwrightError } from "../errors.js";
import type { Executor, QueryResult, Statement, StatementExecutor } from "./executor.js";
import { defaultSchema } from "./identifier.js";
import type { PreparedStatements } from "./prepared-statements.js";
import { bindQueries } from "./queries.js";

// Transaction control names no schema, and is sent as it is, since poolers must see it.
const control = bindQueries({ schema: defaultSchema, preparedStatements: false });

/**
 * Runs `fn` in a transaction of a connection that nobody else uses meanwhile: commits when it
 * resolves, rolls back when it rejects.
 * @param discard Called when the connection is left in a state that nobody knows.
 * @throws TaskwrightError `TRANSACTION_ABORTED` when `fn` resolved though one of its statements had
 * failed: PostgreSQL then rolls back what it is asked to commit.
 */
export async function runTransaction<T>(
  client: ClientBase,
  prepared: PreparedStatements,
  fn: (tx: StatementExecutor) => Promise<T>,
  discard: () => void,
): Promise<T> {
  const tx = new Transaction(client, prepared);
  await control.beginTransaction(client);
  try {
    const result = await fn(tx).finally(() => tx.end());
    await commit(client);
    return result;
  } catch (error) {
    await control.rollbackTransaction(client).catch(discard);
    throw error;
  }
}

async function commit(client: ClientBase): Promise<void> {
  let command = "";
  const db: Executor = {
    query: async (text, values) => {
      const result = await client.query(text, values);
      command = result.command;
      return result;
    },
  };
  await control.commitTransaction(db);
  if (command !== "ROLLBACK") return;
  throw new TaskwrightError(
    "TRANSACTION_ABORTED",
    "A statement of the transaction had failed, so PostgreSQL rolled it back instead of committing. Let the statement's error reject, or confine the statement to a savepoint.",
  );
}

/** Refuses to run anything once the transaction has ended: the connection is another's by then. */
class Transaction implements StatementExecutor {
  readonly #client: ClientBase;
  readonly #prepared: PreparedStatements;
  #isOpen = true;

  constructor(client: ClientBase, prepared: PreparedStatements) {
    this.#client = client;
    this.#prepared = prepared;
  }

  async query(text: string, values: unknown[]): Promise<QueryResult> {
    this.#refuseWhenEnded();
    return this.#client.query(text, values);
  }

  async execute(statement: Statement): Promise<QueryResult> {
    this.#refuseWhenEnded();
    return this.#prepared.runInTransaction(statement, (sent) => this.#client.query(sent));
  }

  end(): void {
    this.#isOpen = false;
  }

  #refuseWhenEnded(): void {
    if (this.#isOpen) return;
    throw new TaskwrightError(
      "TRANSACTION_ENDED",
      "The transaction has ended. Await everything that uses it before its function returns.",
    );
  }
}
