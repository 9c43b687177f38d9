import type { Executor } from "../database/executor.js";
import type { Queries } from "../database/queries.js";
import { anything, arrayOf, names, type Rules } from "../option-rules.js";
import { refuseOption, suggestion } from "../options.js";
import { changes, manage, manageRules, type ManageOptions } from "./options.js";
import { deleteUnused, unusedQueues, unusedTasks } from "./unused-names.js";

/**
 * - `DELETE_PERMAFAILED_JOBS`: deletes the jobs that have failed for good.
 * - `GC_TASK_IDENTIFIERS`: deletes the rows of tasks that no job is of. A running worker takes up to half
 *   a minute to find such a task again, so keep those that are in use.
 * - `GC_JOB_QUEUES`: deletes the rows of queues that no job is in.
 */
export type CleanupTask = "DELETE_PERMAFAILED_JOBS" | "GC_TASK_IDENTIFIERS" | "GC_JOB_QUEUES";

/** What {@link cleanup} deletes. */
export interface CleanupOptions extends ManageOptions {
  /** What to do. They are done in the order in which each makes room for the next. */
  readonly tasks: readonly CleanupTask[];
  /** Tasks that `GC_TASK_IDENTIFIERS` leaves alone. Default: none. */
  readonly taskIdentifiersToKeep?: readonly string[];
}

/** How much a cleanup deleted. */
export interface CleanupResult {
  readonly deletedJobs: number;
  readonly deletedTasks: number;
  readonly deletedQueues: number;
}

const owner = "cleanup";
const cleanupTasks: readonly CleanupTask[] = [
  "DELETE_PERMAFAILED_JOBS",
  "GC_TASK_IDENTIFIERS",
  "GC_JOB_QUEUES",
];
const expected = `an array of ${cleanupTasks.join(", ")}`;

/** Each option's rule and default. */
const rules = {
  ...manageRules,
  tasks: arrayOf(anything<CleanupTask>(), cleanupTasks.join(", ")).required(),
  taskIdentifiersToKeep: names().or(Object.freeze([])),
} satisfies Rules<CleanupOptions>;

/** So many jobs are looked at in a statement. */
const maxLooks = 20_000;

/**
 * Deletes what is of no use any more. Each of its statements is short and commits by itself, so call
 * it with a pool, not in a transaction.
 *
 * It is safe beside workers, and beside calls that add jobs: these wait for it a moment, and it waits
 * for their transactions a moment, again and again for some seconds. A transaction that added jobs and
 * stays open for longer than that keeps it from the tasks and queues (`CLEANUP_BUSY`).
 *
 * Source of the three and of what they delete: graphile-worker's `cleanup`, which does nothing
 * against a job being added to a task or a queue while it deletes that.
 * @throws TaskwrightError `OPTION_UNKNOWN`, `OPTION_INVALID`, `SCHEMA_MISSING`, `CLEANUP_BUSY`
 */
export function cleanup(db: Executor, options: CleanupOptions): Promise<CleanupResult> {
  return manage(
    owner,
    changes,
    options,
    rules,
    async (queries, { tasks, taskIdentifiersToKeep }) => {
      checkTasks(tasks);
      const identifiersToKeep = JSON.stringify(taskIdentifiersToKeep);
      const does = (task: CleanupTask) => tasks.includes(task);
      return {
        deletedJobs: does("DELETE_PERMAFAILED_JOBS") ? await deleteFailedJobs(queries, db) : 0,
        deletedTasks: does("GC_TASK_IDENTIFIERS")
          ? await deleteUnused(unusedTasks(queries, db, identifiersToKeep))
          : 0,
        deletedQueues: does("GC_JOB_QUEUES") ? await deleteUnused(unusedQueues(queries, db)) : 0,
      };
    },
  );
}

function checkTasks(tasks: readonly unknown[]): void {
  for (const task of tasks) {
    if (cleanupTasks.some((known) => known === task)) continue;
    if (typeof task !== "string") refuseOption(owner, "tasks", expected);
    refuseOption(owner, "tasks", `${expected}; not "${task}"${suggestion(task, cleanupTasks)}`);
  }
}

async function deleteFailedJobs(queries: Queries, db: Executor): Promise<number> {
  let deleted = 0;
  let afterId = "0";
  for (;;) {
    const [row] = await queries.deleteFailedJobs(db, { afterId, maxLooks: `${maxLooks}` });
    deleted += Number(row?.deleted ?? 0);
    afterId = row?.lastId ?? afterId;
    if (row?.isEnd !== false) return deleted;
  }
}
