import { Client, Pool, type ClientBase, type ClientConfig, type PoolClient } from "pg";
import { withPooled } from "../database/connection.js";
import { Database } from "../database/database.js";
import type { Executor, StatementExecutor } from "../database/executor.js";
import type { ReadCommittedExecutor } from "../database/isolation.js";
import { PreparedStatements } from "../database/prepared-statements.js";
import { borrowClient, discardClient } from "../database/pool-guard.js";
import { runTransaction } from "../database/transaction.js";
import { toError } from "../errors.js";
import { Sockets } from "./sockets.js";

/** Claim and settle, and one for whatever comes at intervals. */
const systemConnections = 3;
/** Lets the system notice a server that is gone while a handler waits for its answer. */
const keepAliveInitialDelayMillis = 10_000;
/** How long the last connections have to close in good order. */
const goodbyeMs = 1000;

export interface ConnectionOptions {
  readonly connectionString: string | undefined;
  readonly pool: Pool | undefined;
  readonly maxPoolSize: number;
  readonly preparedStatements: boolean;
  /** Called when a pooler in transaction mode turns out to be in between. */
  readonly onPreparedLost: (error: Error) => void;
  /** Milliseconds that a new connection may take, and a statement of the worker's own. */
  readonly connectTimeoutMs: number;
  readonly statementTimeoutMs: number;
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
  readonly system: StatementExecutor & ReadCommittedExecutor;
  /** For the handlers. */
  readonly app: Database;
  readonly #ownPools: readonly Pool[];
  readonly #systemPool: Pool;
  readonly #prepared: PreparedStatements;
  readonly #statementTimeoutMs: number;
  readonly #clientConfig: ClientConfig | undefined;
  readonly #sockets = new Sockets();
  /** Rejects what waits for an answer, each by a function of its own. */
  readonly #waiting = new Set<(reason: Error) => void>();
  #isAbandoned = false;

  constructor({ connectionString, pool, maxPoolSize, ...options }: ConnectionOptions) {
    const { preparedStatements, onPreparedLost, connectTimeoutMs, statementTimeoutMs } = options;
    this.#statementTimeoutMs = statementTimeoutMs;
    this.#prepared = new PreparedStatements(preparedStatements, (error) =>
      onPreparedLost(toError(error)),
    );
    if (pool === undefined) {
      this.#clientConfig = {
        connectionString,
        connectionTimeoutMillis: connectTimeoutMs,
        keepAlive: true,
        keepAliveInitialDelayMillis,
        stream: () => this.#sockets.create(),
      };
      const appPool = openPool(this.#clientConfig, maxPoolSize);
      this.#systemPool = openPool(
        { ...this.#clientConfig, query_timeout: statementTimeoutMs },
        systemConnections,
      );
      this.#ownPools = [appPool, this.#systemPool];
      this.app = new Database({ pool: appPool }, this.#prepared);
    } else {
      this.#systemPool = pool;
      this.#ownPools = [];
      this.app = new Database({ pool }, this.#prepared);
    }
    this.system = this.#limited(this.#systemPool);
  }

  /** Whether one connection can be set aside for listening. */
  get canListen(): boolean {
    return this.#clientConfig !== undefined || this.#systemPool.options.max > 1;
  }

  /**
   * Runs a transaction of the worker's own, which need not wait for the handlers' connections. Each of its
   * statements ends in time, if need be with an error.
   */
  systemTransaction<T>(fn: (tx: Executor) => Promise<T>): Promise<T> {
    const limit = { timeoutMs: this.#statementTimeoutMs };
    const work = withPooled(this.#systemPool, (client, discard) =>
      runTransaction(client, this.#prepared, fn, discard, limit),
    );
    return this.#unlessAbandoned(work);
  }

  /** Opens a connection to listen on. */
  async listener(): Promise<ListenConnection> {
    if (this.#clientConfig === undefined) return this.#borrowListener();
    const client = await this.#connect(this.#clientConfig);
    return { client, release: () => void client.end().catch(() => {}) };
  }

  /** Lends a connection that nobody else uses meanwhile, whose statements may take any time. */
  async withClient<T>(use: (client: ClientBase) => Promise<T>): Promise<T> {
    if (this.#clientConfig === undefined) return withPooled(this.#systemPool, use);
    const client = await this.#connect(this.#clientConfig);
    try {
      return await use(client);
    } finally {
      void client.end().catch(() => {});
    }
  }

  /** Waits for the server no longer: every statement of the worker's own rejects, now and later. */
  abandon(): void {
    this.#isAbandoned = true;
    for (const reject of this.#waiting) reject(abandoned());
    this.#sockets.destroy();
  }

  /** Closes what the worker opened, within a second, whatever handlers or the server still do. */
  async close(): Promise<void> {
    // A pool's end may never come: a handler that was given up may keep its connection.
    for (const pool of this.#ownPools) pool.end().catch(() => {});
    await this.#sockets.closed(goodbyeMs);
    await this.app.end();
  }

  async #connect(config: ClientConfig): Promise<Client> {
    const client = new Client(config);
    // What breaks shows in the next statement; unheard, the event would end the process.
    client.on("error", () => {});
    await client.connect();
    return client;
  }

  async #borrowListener(): Promise<ListenConnection> {
    const onError = () => {};
    const connecting = borrowClient(this.#systemPool, onError);
    try {
      const client = await this.#unlessAbandoned(connecting);
      return { client, release: () => discardClient(client) };
    } catch (error) {
      // Abandoned, the loan may still come; failed, nobody else hears of it.
      void this.#giveBackLate(connecting, onError);
      throw error;
    }
  }

  async #giveBackLate(connecting: Promise<PoolClient>, onError: () => void): Promise<void> {
    try {
      const client = await connecting;
      client.off("error", onError);
      client.release();
    } catch {
      // There is nothing to give back.
    }
  }

  /** Statements on a half-open connection would wait for ever. */
  #limited(pool: Pool): StatementExecutor & ReadCommittedExecutor {
    const limit = { query_timeout: this.#statementTimeoutMs };
    return {
      query: (text, values) => this.#unlessAbandoned(pool.query({ text, values, ...limit })),
      execute: (statement) =>
        this.#prepared.run(statement, (sent) =>
          this.#unlessAbandoned(pool.query({ ...sent, ...limit })),
        ),
      readCommitted: (fn) => this.systemTransaction(fn),
    };
  }

  #unlessAbandoned<T>(work: Promise<T>): Promise<T> {
    return new Promise((resolve, reject) => {
      if (this.#isAbandoned) reject(abandoned());
      else this.#waiting.add(reject);
      const done = () => this.#waiting.delete(reject);
      void work.then(resolve, reject).finally(done);
    });
  }
}

function openPool(config: ClientConfig, max: number): Pool {
  // The time limit is the connection's: the pool's own would count the wait for a free one too.
  class OwnClient extends Client {
    constructor() {
      super(config);
    }
  }
  const pool = new Pool({ max, Client: OwnClient });
  // An idle connection that breaks is replaced; unheard, its error would end the process.
  pool.on("error", () => {});
  return pool;
}

function abandoned(): Error {
  return new Error("The worker stopped waiting for the database.");
}
