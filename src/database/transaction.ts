import type { ClientBase, QueryConfig, QueryResult as PgResult } from "pg";
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
  { isolation = "read committed", timeoutMs }: TransactionOptions = {},
): Promise<T> {
  const limit = timeoutMs === undefined ? {} : { query_timeout: timeoutMs };
  const send: Send = (statement) => client.query({ ...statement, ...limit });
  const tx = new Transaction(send, prepared);
  await control(send, begin[isolation], undefined);
  try {
    if (timeoutMs !== undefined) {
      await control(send, queries.limitIdleTime, { limit: `${timeoutMs}ms` });
    }
    const result = await fn(tx).finally(() => tx.end());
    await commit(send);
    return result;
  } catch (error) {
    await control(send, queries.rollbackTransaction, undefined).catch(discard);
    throw error;
  }
}

export interface TransactionOptions {
  readonly isolation?: Isolation;
  /**
   * Milliseconds that each statement may take, and that the server waits for the next one. A connection that
   * is silently lost would otherwise keep the transaction's locks.
   */
  readonly timeoutMs?: number;
}

/** Sends a statement through the transaction's connection. */
type Send = (statement: QueryConfig<unknown[]>) => Promise<PgResult>;

/**
 * Sends a statement that controls the transaction as it is, since it names no schema. Without parameters it goes
 * by the simple protocol, which poolers understand.
 * @returns The command that was carried out.
 */
async function control<Params>(
  send: Send,
  query: Query<Params, unknown>,
  params: Params,
): Promise<string> {
  let command = "";
  const connection = {
    query: async (text: string, values: unknown[]) => {
      ({ command } = await send(values.length === 0 ? { text } : { text, values }));
      return { rows: [], rowCount: 0 };
    },
  };
  await query.run(params, connection);
  return command;
}

async function commit(send: Send): Promise<void> {
  const command = await control(send, queries.commitTransaction, undefined);
  if (command !== "ROLLBACK") return;
  throw new TaskwrightError(
    "TRANSACTION_ABORTED",
    "A statement of the transaction had failed, so PostgreSQL rolled it back instead of committing. Let the statement's error reject, or confine the statement to a savepoint.",
  );
}

/** Refuses to run anything once the transaction has ended: the connection is another's by then. */
class Transaction implements StatementExecutor {
  readonly #send: Send;
  readonly #prepared: PreparedStatements;
  #isOpen = true;

  constructor(send: Send, prepared: PreparedStatements) {
    this.#send = send;
    this.#prepared = prepared;
  }

  async query(text: string, values: unknown[]): Promise<QueryResult> {
    this.#refuseWhenEnded();
    return this.#send({ text, values });
  }

  async execute(statement: Statement): Promise<QueryResult> {
    this.#refuseWhenEnded();
    return this.#prepared.runInTransaction(statement, this.#send);
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
