import type { Executor } from "../database/executor.js";
import { readTimeOrNull } from "../database/time.js";
import { resolveRecovery } from "../recovery/options.js";
import { names } from "../option-rules.js";
import { checkOption } from "../options.js";
import { changes, reads, manage, manageRules, type ManageOptions } from "./options.js";

/** A worker, as far as the database knows of it. */
export interface WorkerInfo {
  readonly id: string;
  /**
   * Whether it says that it lives: workers of Taskwright and of the Rust crate do. One of Node's
   * graphile-worker is known by its locks alone, and so is one whose registration is gone.
   */
  readonly isRegistered: boolean;
  readonly startedAt: Date | null;
  readonly lastHeartbeatAt: Date | null;
  /**
   * Whether a sweep would declare it dead: it was silent for longer than it may be, or it is a
   * Taskwright worker that holds locks without being registered any more.
   */
  readonly isOverdue: boolean;
  /** What it says of itself. */
  readonly metadata: unknown;
  /** How many jobs it has locked. */
  readonly jobs: number;
  /** How many queues it has locked. */
  readonly queues: number;
  /** When it took the oldest of its locks. */
  readonly oldestLockAt: Date | null;
}

/**
 * Lists the workers that are registered or hold locks, oldest first. It goes once through all jobs
 * and queues, locking nothing.
 * @throws TaskwrightError `OPTION_UNKNOWN`, `SCHEMA_MISSING`
 */
export function listWorkers(db: Executor, options: ManageOptions = {}): Promise<WorkerInfo[]> {
  return manage("listWorkers", reads, options, manageRules, async (queries) => {
    const { foreignThresholdMs } = resolveRecovery();
    const rows = await queries.listWorkers(db, { foreignThresholdMs: `${foreignThresholdMs}` });
    return rows.map((row) => ({
      id: row.id,
      isRegistered: row.isRegistered,
      startedAt: readTimeOrNull(row.startedAt),
      lastHeartbeatAt: readTimeOrNull(row.lastHeartbeatAt),
      isOverdue: row.isOverdue,
      metadata: JSON.parse(row.metadata ?? "null"),
      jobs: Number(row.jobs),
      queues: Number(row.queues),
      oldestLockAt: readTimeOrNull(row.oldestLockAt),
    }));
  });
}

/** What a worker's locks were on. */
export interface Unlocked {
  readonly jobIds: readonly string[];
  readonly queueNames: readonly string[];
}

/**
 * Takes the locks of workers away and wakes the others up. For workers that are known to be dead: one
 * that lives goes on with its jobs, while others begin them again. A Taskwright worker notices, and
 * what it settles late changes nothing. The attempts stay counted, unlike after a sweep.
 *
 * It goes once through all jobs and queues, and waits for no other lock than those on its own rows.
 *
 * Source of the semantics: graphile-worker's `forceUnlockWorkers`.
 * @throws TaskwrightError `OPTION_UNKNOWN`, `OPTION_INVALID`, `SCHEMA_MISSING`
 */
export function forceUnlockWorkers(
  db: Executor,
  workerIds: readonly string[],
  options: ManageOptions = {},
): Promise<Unlocked> {
  return manage("forceUnlockWorkers", changes, options, manageRules, async (queries) => {
    checkOption("forceUnlockWorkers", "workerIds", workerIds, names());
    const rows = await queries.forceUnlockWorkers(db, { workerIds: JSON.stringify(workerIds) });
    if (rows.length > 0) await queries.announceJobs(db, { count: `${rows.length}` });
    return {
      jobIds: rows.flatMap(({ jobId }) => (jobId === null ? [] : [jobId])),
      queueNames: rows.flatMap(({ queueName }) => (queueName === null ? [] : [queueName])),
    };
  });
}
