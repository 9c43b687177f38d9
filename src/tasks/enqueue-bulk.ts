import type { Executor } from "../database/executor.js";
import { bindQueries } from "../database/queries.js";
import { addInBulk } from "../jobs/bulk.js";
import { resolveBulkOptions, type BulkOptions, type BulkProgress } from "../jobs/bulk-options.js";
import { insertJobs } from "../jobs/insert.js";
import type { ItemSource } from "../jobs/item-reader.js";
import { checkItem, toInsert, type JobItem } from "./enqueue.js";
import type { TaskDefinition } from "./task.js";

/**
 * Adds any number of jobs of one task from an array, a generator or a stream, in chunks. Each item is
 * checked as it comes, and no more than a chunk of them, or four million characters of payload, is
 * taken ahead of the database.
 *
 * ```ts
 * await enqueueBulk(pool, sendEmail, readAddresses(file), { onProgress: ({ added }) => log(added) });
 * ```
 *
 * Unless `transaction` is set, each chunk commits by itself. An item that is refused, a statement that
 * fails and an abort end it; the error tells how many were added, and which item it was.
 * @throws BulkError `BULK_FAILED`; TaskwrightError `OPTION_UNKNOWN`, `OPTION_INVALID`
 */
export async function enqueueBulk<Input, Payload>(
  db: Executor,
  task: TaskDefinition<Input, Payload>,
  items: ItemSource<JobItem<Input>>,
  options: BulkOptions = {},
): Promise<BulkProgress> {
  const owner = "enqueueBulk";
  const queries = bindQueries({ schema: task.schema, preparedStatements: true });
  return addInBulk(db, {
    owner,
    task: task.identifier,
    items,
    options: resolveBulkOptions(owner, options),
    prepare: (item) => {
      const { payload, spec } = checkItem(task, item);
      return toInsert(task, payload, spec);
    },
    lengthOf: ({ payload }) => payload.length,
    insert: async (tx, chunk) => chunk.length - (await insertJobs(queries, tx, chunk)).length,
  });
}
