import { Client, Pool, type ClientBase } from "pg";
import type { Executor, QueryResult, Statement, StatementExecutor } from "../database/executor.js";

/** No statement of the worker's own takes this long; one that does has lost its server. */
const statementTimeoutMs = 30_000;
const connectTimeoutMs = 10_000;
/** Claim and settle, and one for whatever comes at intervals. */
const systemConnections = 3;

export interface ConnectionOptions {
  readonly connectionString: string | undefined;
  readonly pool: Pool | undefined;
  readonly maxPoolSize: number;
}

/** A connection that listens, on loan until it is released. */
export interface ListenConnection {
  readonly client: ClientBase;
  /** Closes it: a connection that listens must not go back to a pool. */
  readonly release: () => void;
}

/**
 * The worker's connections. Its own statements don't share theirs with the handlers', which may hold
 * on to all that they get, unless the user gave one pool for everything.
 */
export class Connections {
  /** For the worker's own statements: each ends within 30 seconds, if need be with an error. */
  readonly system: StatementExecutor;
  /** For the handlers. */
  readonly app: Pool;
  readonly #own: Pool[];
  readonly #connectionString: string | undefined;

  constructor({ connectionString, pool, maxPoolSize }: ConnectionOptions) {
    this.#connectionString = connectionString;
    if (pool !== undefined) {
      this.app = pool;
      this.#own = [];
      this.system = executorOf(pool);
      return;
    }
    const systemPool = openPool(connectionString, systemConnections);
    this.app = openPool(connectionString, maxPoolSize);
    this.#own = [systemPool, this.app];
    this.system = executorOf(systemPool);
  }

  /** Runs `fn` in a transaction: commits when it resolves, rolls back when it rejects. */
  async withTransaction<T>(fn: (tx: Executor) => Promise<T>): Promise<T> {
    const client = await this.app.connect();
    try {
      await client.query("begin");
      const result = await fn(client);
      await client.query("commit");
      client.release();
      return result;
    } catch (error) {
      const rollback = client.query("rollback");
      await rollback.then(
        () => client.release(),
        (failure: Error) => client.release(failure),
      );
      throw error;
    }
  }

  /** Opens a connection to listen on. */
  async listener(): Promise<ListenConnection> {
    if (this.#connectionString === undefined) {
      const client = await this.app.connect();
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
    await Promise.all(this.#own.map((pool) => pool.end()));
  }
}

function openPool(connectionString: string | undefined, max: number): Pool {
  const pool = new Pool({
    connectionString,
    max,
    connectionTimeoutMillis: connectTimeoutMs,
    keepAlive: true,
  });
  // An idle connection that breaks is replaced; unheard, its error would end the process.
  pool.on("error", () => {});
  return pool;
}

function executorOf(pool: Pool): StatementExecutor {
  const run = async (config: Partial<Statement> & { text: string }): Promise<QueryResult> =>
    pool.query({ ...config, query_timeout: statementTimeoutMs } as typeof config);
  return {
    query: (text, values) => run({ text, values }),
    execute: (statement) => run(statement),
  };
}
