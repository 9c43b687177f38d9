import { Pool } from "pg";
import { addBrand, hasBrand } from "../brand.js";
import { TaskwrightError } from "../errors.js";
import { withPooled } from "./connection.js";
import type { QueryResult, Statement, StatementExecutor } from "./executor.js";
import { guardPool } from "./pool-guard.js";
import { PreparedStatements } from "./prepared-statements.js";
import { runTransaction } from "./transaction.js";

/** Give exactly one of `connectionString` and `pool`. */
export interface DatabaseOptions {
  readonly connectionString?: string;
  /** A pool of the caller's, who also ends it. */
  readonly pool?: Pool;
  /** How many connections a pool of our own may open. Default 10. */
  readonly maxPoolSize?: number;
  /**
   * Whether statements stay prepared on their connection. Default true; turn it off behind a pooler
   * that shares connections between transactions.
   */
  readonly preparedStatements?: boolean;
}

const defaultPoolSize = 10;

/** The connections that a worker or a client uses: a pool of its own, or a given one. */
export class Database implements StatementExecutor {
  readonly pool: Pool;
  readonly #prepared: PreparedStatements;
  readonly #ownsPool: boolean;
  readonly #leavePool: () => void;

  static {
    addBrand(this.prototype, "Database");
  }

  /** Whether a value is a Database, of this copy of the package or of another. */
  static is(value: unknown): value is Database {
    return hasBrand(value, "Database");
  }

  /** @throws TaskwrightError `OPTION_INVALID` unless exactly one source is given. */
  constructor(
    options: DatabaseOptions,
    prepared = new PreparedStatements(options.preparedStatements ?? true),
  ) {
    const { connectionString, pool, maxPoolSize = defaultPoolSize } = options;
    if ((connectionString === undefined) === (pool === undefined)) {
      throw new TaskwrightError(
        "OPTION_INVALID",
        "A database needs exactly one of the options connectionString and pool.",
      );
    }
    this.#ownsPool = pool === undefined;
    this.pool = pool ?? new Pool({ connectionString, max: maxPoolSize, keepAlive: true });
    this.#prepared = prepared;
    this.#leavePool = guardPool(this.pool);
  }

  /** Whether statements are kept prepared; not any more once a pooler has refused one. */
  get preparedStatements(): boolean {
    return this.#prepared.areKept;
  }

  query(text: string, values: unknown[]): Promise<QueryResult> {
    return this.pool.query(text, values);
  }

  execute(statement: Statement): Promise<QueryResult> {
    return this.#prepared.run(statement, (sent) => this.pool.query(sent));
  }

  /**
   * Runs `fn` in a transaction of the connection's default kind: commits when it resolves, rolls back
   * when it rejects. A connection that broke doesn't go back to the pool.
   * @throws TaskwrightError `TRANSACTION_ABORTED` when `fn` resolved though one of its statements
   * had failed; `TRANSACTION_ENDED` from `tx` when it is used too late.
   */
  withTransaction<T>(fn: (tx: StatementExecutor) => Promise<T>): Promise<T> {
    return withPooled(this.pool, (client, discard) =>
      runTransaction(client, this.#prepared, fn, discard, { isolation: "default" }),
    );
  }

  /** As `withTransaction`, for statements of Taskwright's own. */
  readCommitted<T>(fn: (tx: StatementExecutor) => Promise<T>): Promise<T> {
    return withPooled(this.pool, (client, discard) =>
      runTransaction(client, this.#prepared, fn, discard),
    );
  }

  /** Ends a pool of our own; a given one is left to its owner. */
  async end(): Promise<void> {
    // A pool of our own keeps its listener: a server that ends meanwhile may still be heard, since
    // a connection is closed a moment after the pool has ended.
    if (this.#ownsPool) await this.pool.end();
    else this.#leavePool();
  }
}
