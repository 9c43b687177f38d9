import { Client, Pool, type ClientBase } from "pg";
import { withPooled } from "../database/connection.js";
import { Database } from "../database/database.js";
import type { Executor, StatementExecutor } from "../database/executor.js";
import { runTransaction } from "../database/transaction.js";

/** No statement of the worker's own takes this long; one that does has lost its server. */
const statementTimeoutMs = 30_000;
const connectTimeoutMs = 10_000;
/** Claim and settle, and one for whatever comes at intervals. */
const systemConnections = 3;

export interface ConnectionOptions {
  readonly connectionString: string | undefined;
  readonly pool: Pool | undefined;
  readonly maxPoolSize: number;
  readonly preparedStatements: boolean;
}

/** A connection that listens, on loan until it is released. */
export interface ListenConnection {
  readonly client: ClientBase;
  /** Closes it: a connection that listens must not go back to a pool. */
  readonly release: () => void;
}

/**
 * The worker's connections. Its own statements don't share theirs with the handlers, which may hold
 * on to all that they get, unless the user gave one pool for everything.
 */
export class Connections {
  /** For the worker's own statements: each ends in time, if need be with an error. */
  readonly system: StatementExecutor;
  /** For the handlers. */
  readonly app: Database;
  readonly #systemPool: Pool | undefined;
  readonly #preparedStatements: boolean;
  readonly #connectionString: string | undefined;

  constructor({ connectionString, pool, ...options }: ConnectionOptions) {
    this.#connectionString = connectionString;
    this.#preparedStatements = options.preparedStatements;
    if (connectionString === undefined) {
      this.app = new Database({ ...(pool === undefined ? {} : { pool }), ...options });
    } else {
      this.app = new Database({ connectionString, ...options });
      this.#systemPool = openSystemPool(connectionString);
    }
    this.system = withTimeout(this.#systemPool ?? this.app.pool);
  }

  /** Runs a transaction of the worker's own, which need not wait for the handlers' connections. */
  systemTransaction<T>(fn: (tx: Executor) => Promise<T>): Promise<T> {
    const pool = this.#systemPool ?? this.app.pool;
    return withPooled(pool, (client, discard) =>
      runTransaction(client, this.#preparedStatements, fn, discard),
    );
  }

  /** Opens a connection to listen on. */
  async listener(): Promise<ListenConnection> {
    if (this.#connectionString === undefined) {
      const client = await this.app.pool.connect();
      return { client, release: () => client.release(true) };
    }
    const client = new Client({
      connectionString: this.#connectionString,
      connectionTimeoutMillis: connectTimeoutMs,
      keepAlive: true,
    });
    client.on("error", () => {});
    await client.connect();
    return { client, release: () => void client.end().catch(() => {}) };
  }

  /** Closes what the worker opened. */
  async close(): Promise<void> {
    await Promise.all([this.app.end(), this.#systemPool?.end()]);
  }
}

function openSystemPool(connectionString: string): Pool {
  const pool = new Pool({
    connectionString,
    max: systemConnections,
    connectionTimeoutMillis: connectTimeoutMs,
    keepAlive: true,
  });
  // An idle connection that breaks is replaced; unheard, its error would end the process.
  pool.on("error", () => {});
  return pool;
}

/** Statements on a half-open connection would wait for ever. */
function withTimeout(pool: Pool): StatementExecutor {
  const limit = { query_timeout: statementTimeoutMs };
  return {
    query: (text, values) => pool.query({ text, values, ...limit }),
    execute: (statement) => pool.query({ ...statement, ...limit }),
  };
}
