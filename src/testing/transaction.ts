import { AsyncLocalStorage } from "node:async_hooks";
import type { Pool } from "pg";
import { addBrand, hasBrand } from "../brand.js";
import { withPooled } from "../database/connection.js";
import {
  runStatement,
  type Executor,
  type QueryResult,
  type Statement,
  type StatementExecutor,
} from "../database/executor.js";
import { sqlState } from "../database/failure.js";
import { defaultSchema } from "../database/identifier.js";
import { bindQueries } from "../database/queries.js";
import { TaskwrightError } from "../errors.js";
import { func, pool as poolRule } from "../option-rules.js";
import { checkOption, refuseOption } from "../options.js";
import type { HandlerDatabase } from "../worker/shared-context.js";

// Transaction control names no schema.
const control = bindQueries({ schema: defaultSchema, preparedStatements: false });

/**
 * Runs `fn` in a transaction and rolls it back, whatever happens: a test of its own sees what it did,
 * and leaves nothing behind. Give its executor to the `add…` helpers, to `runHandler` and to the
 * assertions. A statement that fails undoes nothing but itself, as outside of a transaction.
 * @throws TaskwrightError `OPTION_INVALID`
 */
export async function withRollback<T>(
  pool: Pool,
  fn: (db: TestTransaction) => Promise<T>,
): Promise<T> {
  checkOption("withRollback", "pool", pool, poolRule());
  checkOption("withRollback", "fn", fn, func());
  return withPooled(pool, async (client, discard) => {
    await control.beginTransaction(client);
    try {
      return await fn(new TestTransaction(client));
    } finally {
      await control.rollbackTransaction(client).catch(discard);
    }
  });
}

/** PostgreSQL's word for a savepoint outside of a transaction. */
const noTransactionState = "25P01";
/** And for a statement after one that failed. */
const abortedState = "25P02";

/**
 * A transaction that passes for a pool: what would be a transaction of its own there is a savepoint
 * here. Savepoints are a stack, so those that would run beside each other run one after the other.
 */
export class TestTransaction implements HandlerDatabase {
  readonly #client: Executor;
  readonly #root = new Level(undefined);
  readonly #levels = new AsyncLocalStorage<Level>();

  static {
    addBrand(this.prototype, "TestTransaction");
  }

  /** Whether a value is a TestTransaction, of this copy of the package or of another. */
  static is(value: unknown): value is TestTransaction {
    return hasBrand(value, "TestTransaction");
  }

  /** @param client A connection inside of a transaction. */
  constructor(client: Executor) {
    this.#client = client;
  }

  query(text: string, values: unknown[]): Promise<QueryResult> {
    return this.#inSavepoint(() => this.#client.query(text, values));
  }

  execute({ text, values }: Statement): Promise<QueryResult> {
    return this.#inSavepoint(() => this.#execute(text, values));
  }

  #execute(text: string, values: unknown[]): Promise<QueryResult> {
    return runStatement(this.#client, { name: undefined, text, values });
  }

  /** Runs `fn` in a savepoint: what it did stays when it resolves, and is undone when it rejects. */
  withTransaction<T>(fn: (tx: StatementExecutor) => Promise<T>): Promise<T> {
    const query = (text: string, values: unknown[]) => this.#client.query(text, values);
    return this.#inSavepoint(() =>
      fn({ query, execute: ({ text, values }) => this.#execute(text, values) }),
    );
  }

  #inSavepoint<T>(fn: () => Promise<T>): Promise<T> {
    const outer = (this.#levels.getStore() ?? this.#root).open();
    return outer.runAlone(async () => {
      const level = new Level(outer);
      await this.#setSavepoint();
      try {
        const result = await this.#levels.run(level, fn);
        await control.releaseSavepoint(this.#client);
        return result;
      } catch (error) {
        await control.rollbackToSavepoint(this.#client);
        await control.releaseSavepoint(this.#client);
        throw sqlState(error) === abortedState ? abortedError(error) : error;
      } finally {
        level.close();
      }
    });
  }

  async #setSavepoint(): Promise<void> {
    try {
      await control.setSavepoint(this.#client);
    } catch (error) {
      if (sqlState(error) !== noTransactionState) throw error;
      refuseOption("taskwright/testing", "db", "a pool, or a connection inside of a transaction");
    }
  }
}

/** One savepoint deep: what runs directly in it runs one at a time. */
class Level {
  readonly #outer: Level | undefined;
  #last: Promise<unknown> = Promise.resolve();
  #isOpen = true;

  constructor(outer: Level | undefined) {
    this.#outer = outer;
  }

  /** The innermost level that isn't over: what was started in one may go on after its end. */
  open(): Level {
    return this.#isOpen || this.#outer === undefined ? this : this.#outer.open();
  }

  close(): void {
    this.#isOpen = false;
  }

  runAlone<T>(fn: () => Promise<T>): Promise<T> {
    const result = this.#last.then(fn);
    this.#last = result.catch(() => {});
    return result;
  }
}

function abortedError(cause: unknown): TaskwrightError {
  return new TaskwrightError(
    "TRANSACTION_ABORTED",
    "A statement of the transaction had failed, so PostgreSQL would roll it back instead of committing. Let the statement's error reject, or confine the statement to a savepoint.",
    {},
    { cause },
  );
}
