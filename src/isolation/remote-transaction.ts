import type { QueryResult, Statement, StatementExecutor } from "../database/executor.js";

/** Sends a statement to the thread that holds the transaction. */
export type SendStatement = (statement: Statement) => Promise<QueryResult>;

/** A transaction that a handler has opened in its thread, for the worker's own statements in it. */
export class RemoteTransaction implements StatementExecutor {
  readonly #send: SendStatement;

  constructor(send: SendStatement) {
    this.#send = send;
  }

  query(text: string, values: unknown[]): Promise<QueryResult> {
    return this.#send({ name: "", text, values });
  }

  execute(statement: Statement): Promise<QueryResult> {
    return this.#send(statement);
  }
}
