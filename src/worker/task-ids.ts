import type { Executor } from "../database/executor.js";
import { lockedState, sqlState } from "../database/failure.js";
import type { Queries } from "../database/queries.js";

/** The peers' cleanup may delete a task's row, and the next job of the task makes a new one. */
const maxAgeMs = 30_000;

/** The numbers that the database gave to this worker's tasks. */
export class TaskIds {
  readonly #queries: Queries;
  readonly #db: Executor;
  readonly #identifiers: string[];
  #byId = new Map<number, string>();
  #readAtMs = -Infinity;

  constructor(queries: Queries, db: Executor, identifiers: Iterable<string>) {
    this.#queries = queries;
    this.#db = db;
    this.#identifiers = [...identifiers];
  }

  /**
   * The ids of all tasks; tasks that the database doesn't know yet are added. One that an open
   * transaction is adding is left out: its jobs aren't there yet either.
   */
  async list(): Promise<number[]> {
    if (this.#isIncomplete || performance.now() - this.#readAtMs > maxAgeMs) {
      await this.#read();
      if (this.#isIncomplete) {
        await this.#add();
        await this.#read();
      }
      this.#readAtMs = performance.now();
    }
    return [...this.#byId.keys()];
  }

  /** The identifier of an id that `list` gave. */
  identifierOf(id: number): string {
    const identifier = this.#byId.get(id);
    if (identifier === undefined) throw new Error(`There is no task with the id ${id}.`);
    return identifier;
  }

  get #isIncomplete(): boolean {
    return this.#byId.size < this.#identifiers.length;
  }

  async #add(): Promise<void> {
    try {
      await this.#queries.addTasks(this.#db, { identifiers: this.#identifiers });
    } catch (error) {
      if (sqlState(error) !== lockedState) throw error;
    }
  }

  async #read(): Promise<void> {
    const rows = await this.#queries.findTasks(this.#db, { identifiers: this.#identifiers });
    this.#byId = new Map(rows.map(({ id, identifier }) => [id, identifier]));
  }
}
