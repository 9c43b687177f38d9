import type { Executor } from "../database/executor.js";
import { defaultSchema } from "../database/identifier.js";
import { bindQueries, type Queries } from "../database/queries.js";
import { explainRefusal } from "../jobs/refusal.js";
import { refuseOption, refuseUnknownOptions } from "../options.js";

/** Something that the fleet leaves alone. */
export interface Pause {
  readonly kind: PauseKind;
  /** The task's identifier or the queue's name. */
  readonly name: string;
  readonly pausedAt: Date;
  readonly reason: string | null;
}

export type PauseKind = "task" | "queue";

export interface ControlOptions {
  /** Unquoted name of the schema. Default `graphile_worker`. */
  readonly schema?: string;
}

export interface PauseOptions extends ControlOptions {
  /** Why, for whoever lists the pauses. */
  readonly reason?: string;
}

/**
 * Pauses a task for the whole fleet, in the database: no Taskwright worker's next claim takes a job
 * of it. Jobs that were claimed before go on, jobs can still be added, and a queue whose first due
 * job is of the task waits with it, so that its order is kept. In a transaction, it holds from the
 * commit on. The task need not exist yet; a second pause changes nothing but the reason.
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
export function resumeTask(
  db: Executor,
  task: string,
  options: ControlOptions = {},
): Promise<void> {
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
  options: ControlOptions = {},
): Promise<void> {
  return resume("resumeQueue", "queue", db, queueName, options);
}

/**
 * All that is paused, longest first.
 * @throws TaskwrightError as `pauseTask`
 */
export async function listPauses(db: Executor, options: ControlOptions = {}): Promise<Pause[]> {
  refuseUnknownOptions("listPauses", options, ["schema"]);
  const rows = await run(options, (queries) => queries.listPauses(db));
  return rows.map((row) => ({ ...row, kind: row.kind as PauseKind }));
}

async function pause(
  owner: string,
  kind: PauseKind,
  db: Executor,
  name: string,
  options: PauseOptions,
): Promise<void> {
  refuseUnknownOptions(owner, options, ["schema", "reason"]);
  checkName(owner, kind, name);
  const { reason = null } = options;
  if (reason !== null && !isText(reason)) {
    refuseOption(owner, "reason", "a string without NUL characters");
  }
  await run(options, (queries) => queries.addPause(db, { kind, name, reason }));
}

async function resume(
  owner: string,
  kind: PauseKind,
  db: Executor,
  name: string,
  options: ControlOptions,
): Promise<void> {
  refuseUnknownOptions(owner, options, ["schema"]);
  checkName(owner, kind, name);
  await run(options, (queries) => queries.removePause(db, { kind, name }));
}

async function run<T>(
  { schema = defaultSchema }: ControlOptions,
  query: (queries: Queries) => Promise<T>,
): Promise<T> {
  try {
    return await query(bindQueries({ schema, preparedStatements: true }));
  } catch (error) {
    throw explainRefusal(error);
  }
}

function checkName(owner: string, kind: PauseKind, name: unknown): void {
  if (isText(name) && name !== "") return;
  refuseOption(owner, kind, "a name: a string that is not empty, without NUL characters");
}

function isText(value: unknown): value is string {
  return typeof value === "string" && !value.includes("\0");
}
