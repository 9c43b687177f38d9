import { TaskwrightError } from "../errors.js";
import type { QueryConfig } from "pg";
import type { QueryResult, Statement } from "./executor.js";
import { resultTypes } from "./result-types.js";
import { sqlState } from "./failure.js";

/** invalid_sql_statement_name and duplicate_prepared_statement. */
const lostCodes: ReadonlySet<string> = new Set(["26000", "42P05"]);

/** Sends a statement through `pg`; without a name the server doesn't keep it prepared. */
export type Send = (statement: QueryConfig<unknown[]>) => Promise<QueryResult>;

/**
 * Whether the statements of some connections are kept prepared under a name. A pooler in transaction mode
 * gives each transaction another connection of the server, which doesn't know the name, or has it already.
 * The first such refusal turns names off for good. The server refuses before it does anything, so a
 * statement outside of a transaction is sent again; in a transaction PostgreSQL refuses all that follows.
 */
export class PreparedStatements {
  #areKept: boolean;
  readonly #onLost: (error: unknown) => void;

  constructor(areKept: boolean, onLost: (error: unknown) => void = () => {}) {
    this.#areKept = areKept;
    this.#onLost = onLost;
  }

  get areKept(): boolean {
    return this.#areKept;
  }

  /** Runs a statement that is a transaction of its own. */
  async run(statement: Statement, send: Send): Promise<QueryResult> {
    const unnamed = unnamedConfig(statement);
    const { name } = statement;
    if (name === undefined || !this.#areKept) return send(unnamed);
    try {
      return await send({ name, ...unnamed });
    } catch (error) {
      if (!this.#isLost(error)) throw error;
      return send(unnamed);
    }
  }

  /**
   * Runs a statement of a transaction.
   * @throws TaskwrightError `PREPARED_STATEMENT_LOST` when the server doesn't know the statement. The
   * transaction has failed then; the next one works.
   */
  async runInTransaction(statement: Statement, send: Send): Promise<QueryResult> {
    const unnamed = unnamedConfig(statement);
    const { name } = statement;
    if (name === undefined || !this.#areKept) return send(unnamed);
    try {
      return await send({ name, ...unnamed });
    } catch (error) {
      if (!this.#isLost(error)) throw error;
      throw new TaskwrightError("PREPARED_STATEMENT_LOST", lostMessage, {}, { cause: error });
    }
  }

  #isLost(error: unknown): boolean {
    if (!lostCodes.has(sqlState(error) ?? "")) return false;
    if (this.#areKept) this.#onLost(error);
    this.#areKept = false;
    return true;
  }
}

function unnamedConfig({ text, values }: Statement): QueryConfig<unknown[]> {
  return { text, values, types: resultTypes };
}

/** For connections on which nothing is ever kept prepared. */
export const unprepared = new PreparedStatements(false);

const lostMessage =
  "The server didn't know a prepared statement: a pooler in transaction mode, such as PgBouncer, gives each transaction another connection of the server. This transaction was rolled back; the next ones keep no statement prepared. Set preparedStatements: false from the start, or connect to PostgreSQL directly.";
