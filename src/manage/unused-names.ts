import { setTimeout as delay } from "node:timers/promises";
import type { Executor } from "../database/executor.js";
import type { Queries } from "../database/queries.js";
import { TaskwrightError } from "../errors.js";

/** Rows per pass; each pass goes through all jobs twice, with nothing locked. */
const maxRows = 10_000;
/** Rows that are deleted at once; calls that add jobs wait meanwhile. */
const maxDeletes = 1000;
/** A step waits for open transactions that have added jobs; most of them end soon. */
const maxTries = 20;
const pauseMs = 100;

/** The steps of a deletion, explained in sql/migrations/21_cleanup.sql. Null: try again later. */
export interface UnusedNames {
  /** Ids as a JSON array. */
  readonly find: (maxRows: number) => Promise<string>;
  readonly mark: (ids: string) => Promise<Marks | null>;
  /** Takes marked rows, as a JSON array, and returns those that are unused. */
  readonly check: (marked: string) => Promise<string>;
  readonly remove: (checked: string, lastId: string) => Promise<number | null>;
}

interface Marks {
  readonly lastId: string;
  readonly marked: string;
}

export function unusedQueues(queries: Queries, db: Executor): UnusedNames {
  return {
    find: async (count) => {
      const [row] = await queries.findUnusedQueues(db, { maxQueues: `${count}` });
      return row?.ids ?? "[]";
    },
    mark: async (ids) => toMarks(await queries.markQueues(db, { ids })),
    check: async (marked) => {
      const [row] = await queries.checkQueues(db, { marked });
      return row?.checked ?? "[]";
    },
    remove: async (checked, lastId) => toCount(await queries.deleteQueues(db, { checked, lastId })),
  };
}

/** @param identifiersToKeep A JSON array. */
export function unusedTasks(
  queries: Queries,
  db: Executor,
  identifiersToKeep: string,
): UnusedNames {
  return {
    find: async (count) => {
      const params = { maxTasks: `${count}`, identifiersToKeep };
      const [row] = await queries.findUnusedTasks(db, params);
      return row?.ids ?? "[]";
    },
    mark: async (ids) => toMarks(await queries.markTasks(db, { ids })),
    check: async (marked) => {
      const [row] = await queries.checkTasks(db, { marked });
      return row?.checked ?? "[]";
    },
    remove: async (checked, lastId) => toCount(await queries.deleteTasks(db, { checked, lastId })),
  };
}

/**
 * Deletes rows until none is found that may be deleted, and returns how many.
 * @throws TaskwrightError `CLEANUP_BUSY`
 */
export async function deleteUnused(names: UnusedNames): Promise<number> {
  const tries = new Tries();
  for (;;) {
    const ids = await names.find(maxRows);
    const found = parseArray(ids).length;
    if (found === 0) return tries.deleted;
    const { lastId, marked } = await tries.insist(() => names.mark(ids));
    const checked = parseArray(await names.check(marked));
    const before = tries.deleted;
    for (let start = 0; start < checked.length; start += maxDeletes) {
      const part = JSON.stringify(checked.slice(start, start + maxDeletes));
      tries.deleted += await tries.insist(() => names.remove(part, lastId));
    }
    // The last ones; or all of these came into use, and would be found again.
    if (found < maxRows || tries.deleted === before) return tries.deleted;
  }
}

/** Repeats steps that open transactions delay, up to a number of tries in all. */
class Tries {
  deleted = 0;
  #tries = 0;

  /** @throws TaskwrightError `CLEANUP_BUSY` */
  async insist<T>(step: () => Promise<T | null>): Promise<T> {
    for (;;) {
      const result = await step();
      if (result !== null) return result;
      this.#tries += 1;
      if (this.#tries >= maxTries) break;
      await delay(pauseMs * (0.5 + Math.random()));
    }
    throw new TaskwrightError(
      "CLEANUP_BUSY",
      "At every try some transaction was adding jobs, so not all unused tasks and queues were deleted. Look for a transaction that added jobs and stays open, and try again later.",
      { deleted: this.deleted },
    );
  }
}

function toMarks(
  rows: readonly { readonly lastId: string | null; readonly marked: string | null }[],
): Marks | null {
  const { lastId = null, marked = null } = rows[0] ?? {};
  return lastId === null || marked === null ? null : { lastId, marked };
}

function toCount(rows: readonly { readonly deleted: string | null }[]): number | null {
  const deleted = rows[0]?.deleted ?? null;
  return deleted === null ? null : Number(deleted);
}

function parseArray(json: string): unknown[] {
  const parsed: unknown = JSON.parse(json);
  return Array.isArray(parsed) ? parsed : [];
}
