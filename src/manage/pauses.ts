import type { Executor } from "../database/executor.js";
import { text, type Rules } from "../option-rules.js";
import { checkOption } from "../options.js";
import {
  changesPauses,
  readsPauses,
  manage,
  manageRules,
  nameRule,
  shortNameRule,
  type ManageOptions,
} from "./options.js";
import type { PauseKind } from "./pause-notice.js";
import { readTime } from "../database/time.js";

/** Something that the fleet leaves alone. */
export interface Pause {
  readonly kind: PauseKind;
  /** The task's identifier or the queue's name. */
  readonly name: string;
  readonly pausedAt: Date;
  readonly reason: string | null;
}

/** How a task or a queue is paused. */
export interface PauseOptions extends ManageOptions {
  /** The reason, shown by `listPauses`. */
  readonly reason?: string;
}

const rules = { ...manageRules, reason: text() } satisfies Rules<PauseOptions>;

/**
 * Pauses a task for the whole fleet, in the database: no Taskwright worker's next claim takes a job
 * of it, and workers that listen give back at once what they have claimed and not started. What runs
 * goes on, jobs can still be added, and a queue whose first due job is of the task waits with it, so
 * that its order is kept. In a transaction, it holds from the commit on. The task need not exist yet;
 * a second pause changes nothing but the reason.
 *
 * Workers of graphile-worker and of the Rust crate don't know of pauses and go on.
 * @throws TaskwrightError `OPTION_UNKNOWN`, `OPTION_INVALID`, `SCHEMA_MISSING`
 */
export function pauseTask(db: Executor, task: string, options: PauseOptions = {}): Promise<void> {
  return pause("pauseTask", "task", db, task, options);
}

/**
 * Ends the pause of a task and wakes the workers up; there need not be one.
 * @throws TaskwrightError as `pauseTask`
 */
export function resumeTask(db: Executor, task: string, options: ManageOptions = {}): Promise<void> {
  return resume("resumeTask", "task", db, task, options);
}

/**
 * Pauses a queue for the whole fleet, as `pauseTask` does a task. The queue need not exist yet; its
 * jobs wait in their order.
 * @throws TaskwrightError as `pauseTask`
 */
export function pauseQueue(
  db: Executor,
  queueName: string,
  options: PauseOptions = {},
): Promise<void> {
  return pause("pauseQueue", "queue", db, queueName, options);
}

/**
 * Ends the pause of a queue and wakes the workers up; there need not be one.
 * @throws TaskwrightError as `pauseTask`
 */
export function resumeQueue(
  db: Executor,
  queueName: string,
  options: ManageOptions = {},
): Promise<void> {
  return resume("resumeQueue", "queue", db, queueName, options);
}

/**
 * All that is paused, longest first.
 * @throws TaskwrightError as `pauseTask`
 */
export async function listPauses(db: Executor, options: ManageOptions = {}): Promise<Pause[]> {
  const rows = await manage("listPauses", readsPauses, options, manageRules, (queries) =>
    queries.listPauses(db),
  );
  return rows.map(({ kind, name, pausedAt, reason }) => ({
    kind: kind as PauseKind,
    name,
    pausedAt: readTime(pausedAt),
    reason,
  }));
}

async function pause(
  owner: string,
  kind: PauseKind,
  db: Executor,
  name: string,
  options: PauseOptions,
): Promise<void> {
  await manage(owner, changesPauses, options, rules, (queries, { schema, reason }) => {
    // No task and no queue has a longer name; an announcement must not be any longer either.
    checkOption(owner, kind, name, shortNameRule);
    return queries.addPause(db, { schema, kind, name, reason });
  });
}

async function resume(
  owner: string,
  kind: PauseKind,
  db: Executor,
  name: string,
  options: ManageOptions,
): Promise<void> {
  await manage(owner, changesPauses, options, manageRules, (queries) => {
    checkOption(owner, kind, name, nameRule);
    return queries.removePause(db, { kind, name });
  });
}
