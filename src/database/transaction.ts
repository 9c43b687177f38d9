import type { ClientBase } from "pg";
import { TaskwrightError } from "../errors.js";
import { queries } from "../../generated/queries/index.js";
import type { Query } from "../../generated/queries/query.js";
import type { QueryResult, Statement, StatementExecutor } from "./executor.js";
import type { PreparedStatements } from "./prepared-statements.js";

/**
 * How a transaction sees what others commit meanwhile.
 * - `read committed`: each statement anew, which Taskwright's own statements rely on.
 * - `default`: as the connection's settings say. For transactions of the application.
 */
export type Isolation = "read committed" | "default";

const begin = {
  "read committed": queries.beginReadCommitted,
  default: queries.beginTransaction,
} satisfies Record<Isolation, unknown>;

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
  isolation: Isolation = "read committed",
): Promise<T> {
  const tx = new Transaction(client, prepared);
  await control(client, begin[isolation]);
  try {
    const result = await fn(tx).finally(() => tx.end());
    await commit(client);
    return result;
  } catch (error) {
    await control(client, queries.rollbackTransaction).catch(discard);
    throw error;
  }
}

/**
 * Sends a statement that begins or ends a transaction, as it is: it names no schema, and poolers must see it.
 * @returns The command that was carried out.
 */
async function control(client: ClientBase, query: Query<void, void>): Promise<string> {
  let command = "";
  const connection = {
    query: async (text: string) => {
      ({ command } = await client.query(text));
      return { rows: [], rowCount: 0 };
    },
  };
  await query.run(undefined, connection);
  return command;
}

async function commit(client: ClientBase): Promise<void> {
  const command = await control(client, queries.commitTransaction);
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
