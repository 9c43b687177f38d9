import type { Enqueuer } from "../client/enqueuer.js";
import type { QueryResult, Statement, StatementExecutor } from "../database/executor.js";
import type { AddJob } from "../tasks/added.js";
import type { JobTransaction } from "../tasks/context.js";

/** A transaction of a handler's, in which it may also add jobs. */
export class EnqueuingTransaction implements JobTransaction, StatementExecutor {
  readonly add: AddJob;
  readonly #tx: StatementExecutor;

  /** Whether a value is such a transaction, which may have ended. */
  static is(value: object): value is EnqueuingTransaction {
    return #tx in value;
  }

  constructor(tx: StatementExecutor, enqueuer: Enqueuer) {
    this.#tx = tx;
    this.add = (task, ...args) => enqueuer.add(tx, task, ...args);
  }

  query(text: string, values: unknown[]): Promise<QueryResult> {
    return this.#tx.query(text, values);
  }

  execute(statement: Statement): Promise<QueryResult> {
    return this.#tx.execute(statement);
  }
}
