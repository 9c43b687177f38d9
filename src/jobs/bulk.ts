import type { Executor } from "../database/executor.js";
import { breaksConnection } from "../database/failure.js";
import { inTransaction } from "../database/transactional.js";
import { TaskwrightError } from "../errors.js";
import { checkOption } from "../options.js";
import { throwIfAborted } from "../kinds.js";
import { BulkError } from "./bulk-error.js";
import type { BulkProgress, ResolvedBulkOptions } from "./bulk-options.js";
import { ItemReader, itemSourceRule, type ItemSource } from "./item-reader.js";

/** A chunk with more text than this, in UTF-16 units, is added before it is full. */
export const maxChunkLength = 4_000_000;

/** A bulk, and what it does with its items. */
export interface Bulk<Item, Prepared> {
  /** The function that was called, for messages. */
  readonly owner: string;
  /** The task's identifier. */
  readonly task: string;
  readonly items: ItemSource<Item>;
  readonly options: ResolvedBulkOptions;
  /** Checks an item. What it throws is about that item. */
  readonly prepare: (item: Item) => Prepared;
  /** The length of a prepared item's text, as far as it is known. */
  readonly lengthOf: (prepared: Prepared) => number;
  /**
   * Adds a chunk: all of it or nothing. Resolves to how many were left out. An error's
   * `details.index` tells an item of the chunk.
   */
  readonly insert: (db: Executor, chunk: readonly Prepared[]) => Promise<number>;
}

/**
 * Adds items chunk by chunk; no more than a chunk of them is in memory.
 * @throws BulkError `BULK_FAILED`, TaskwrightError `OPTION_INVALID`
 */
export async function addInBulk<Item, Prepared>(
  db: Executor,
  bulk: Bulk<Item, Prepared>,
): Promise<BulkProgress> {
  checkOption(bulk.owner, "items", bulk.items, itemSourceRule);
  const run = new BulkRun(bulk);
  if (!bulk.options.transaction) return run.run(db);
  let isOwn = true;
  try {
    return await inTransaction(bulk.owner, db, (tx) => {
      isOwn = tx !== db;
      return run.run(tx);
    });
  } catch (error) {
    if (!isOwn) throw error;
    if (BulkError.is(error)) throw run.failUndone(error.cause);
    // Else it was the commit that failed, or nothing had begun.
    throw run.progress.added === 0 ? error : run.failUndone(error, breaksConnection(error));
  }
}

class BulkRun<Item, Prepared> {
  readonly #bulk: Bulk<Item, Prepared>;
  #added = 0;
  #skipped = 0;
  /** How many items the statement under way is about. */
  #underWay = 0;
  #refused: number | undefined;

  constructor(bulk: Bulk<Item, Prepared>) {
    this.#bulk = bulk;
  }

  get progress(): BulkProgress {
    return { added: this.#added, skipped: this.#skipped };
  }

  async run(db: Executor): Promise<BulkProgress> {
    const { items, options } = this.#bulk;
    const reader = new ItemReader(items, options.signal);
    try {
      for (;;) {
        throwIfAborted(options.signal);
        const chunk = await this.#read(reader);
        if (chunk.length === 0) return this.progress;
        throwIfAborted(options.signal);
        await this.#insert(db, chunk);
        await options.onProgress?.(this.progress);
      }
    } catch (error) {
      throw this.#fail(error);
    } finally {
      reader.close();
    }
  }

  /** The error for a transaction that was rolled back, or perhaps committed. */
  failUndone(cause: unknown, isInDoubt = false): BulkError {
    const inDoubt = isInDoubt ? this.#added : 0;
    const outcome = { added: 0, skipped: 0, inDoubt, index: this.#refused };
    return new BulkError(this.#bulk.task, outcome, cause);
  }

  #fail(cause: unknown): BulkError {
    const inDoubt = breaksConnection(cause) ? this.#underWay : 0;
    const outcome = { ...this.progress, inDoubt, index: this.#refused };
    return new BulkError(this.#bulk.task, outcome, cause);
  }

  async #read(reader: ItemReader<Item>): Promise<Prepared[]> {
    const { options, prepare, lengthOf } = this.#bulk;
    const chunk: Prepared[] = [];
    let length = 0;
    while (chunk.length < options.chunkSize && length < maxChunkLength) {
      const next = reader.next();
      const result = "then" in next ? await next : next;
      if (result.done === true) break;
      this.#refused = this.#added + this.#skipped + chunk.length;
      const prepared = prepare(result.value);
      this.#refused = undefined;
      length += lengthOf(prepared);
      chunk.push(prepared);
    }
    return chunk;
  }

  async #insert(db: Executor, chunk: readonly Prepared[]): Promise<void> {
    this.#underWay = chunk.length;
    try {
      const skipped = await this.#bulk.insert(db, chunk);
      this.#added += chunk.length - skipped;
      this.#skipped += skipped;
    } catch (error) {
      const index = TaskwrightError.is(error) ? error.details["index"] : undefined;
      if (typeof index === "number") this.#refused = this.#added + this.#skipped + index;
      throw error;
    }
    this.#underWay = 0;
  }
}
