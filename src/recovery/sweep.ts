import type { ListHeldJobsResult } from "../../generated/queries/recovery.js";
import type { Executor } from "../database/executor.js";
import type { Queries } from "../database/queries.js";
import { askHook } from "./hook.js";
import type { ResolvedRecovery } from "./options.js";

/** What one sweep found and did. */
export interface SweepResult {
  /** False when another sweep was at work: nothing was looked at. */
  readonly swept: boolean;
  readonly deadWorkerIds: readonly string[];
  /** Jobs that were given back or failed. */
  readonly recoveredJobIds: readonly string[];
  /**
   * Those of them that failed for good: their worker died while it ran them, for the `maxCrashes`th time
   * or on their last attempt.
   */
  readonly failedJobIds: readonly string[];
  /** Why the hook decided nothing about some jobs, which are left. */
  readonly hookErrors: readonly Error[];
}

/** Runs `fn` in a transaction. */
export type RunInTransaction = <T>(fn: (tx: Executor) => Promise<T>) => Promise<T>;

const nothing: SweepResult = {
  swept: false,
  deadWorkerIds: [],
  recoveredJobIds: [],
  failedJobIds: [],
  hookErrors: [],
};

/**
 * Finds dead workers and recovers their jobs, under the sweep's advisory lock. What a worker that was
 * merely slow has settled meanwhile is left alone: every change is fenced by the lock.
 *
 * A hook is asked between two transactions, since it may take any time. The second one decides anew
 * which workers are dead, and changes those of their jobs that the hook decided about and that are
 * still under the same lock.
 * @param signal Stops the questions to the hook; then nothing is changed.
 */
export async function sweep(
  queries: Queries,
  withTransaction: RunInTransaction,
  options: ResolvedRecovery,
  signal?: AbortSignal,
): Promise<SweepResult> {
  const { hook, hookTimeoutMs } = options;
  if (hook === undefined) {
    return withTransaction((tx) => recover(queries, tx, options, undefined));
  }
  const held = await withTransaction((tx) => look(queries, tx, options));
  if (held === undefined) return nothing;
  const { decisions, hookErrors } = await askHook(held, { hook, hookTimeoutMs, signal });
  if (signal?.aborted === true) return nothing;
  const result = await withTransaction((tx) => recover(queries, tx, options, decisions));
  return { ...result, hookErrors };
}

/** The jobs that dead workers hold; undefined when another sweep is at work. */
async function look(
  queries: Queries,
  tx: Executor,
  options: ResolvedRecovery,
): Promise<ListHeldJobsResult[] | undefined> {
  const workerIds = await findDead(queries, tx, options);
  if (workerIds === undefined || workerIds.length === 0) return workerIds && [];
  return queries.listHeldJobs(tx, { workerIds: JSON.stringify(workerIds) });
}

/**
 * Locks the rows of dead workers, so that these neither claim nor come back to life until the
 * transaction's end. Undefined when another sweep is at work.
 */
async function findDead(
  queries: Queries,
  tx: Executor,
  options: ResolvedRecovery,
): Promise<string[] | undefined> {
  const [lock] = await queries.trySweepLock(tx);
  if (lock?.acquired !== true) return undefined;
  await queries.adoptWorkers(tx);
  const dead = await queries.findDeadWorkers(tx, {
    foreignThresholdMs: `${options.foreignThresholdMs}`,
    resilientFlags: JSON.stringify(options.resilientFlags),
    resilientMultiplier: `${options.resilientMultiplier}`,
    unregisteredThresholdMs: options.unregisteredThresholdMs?.toString(),
  });
  return dead.map(({ workerId }) => workerId);
}

/** Frees queues that are locked without a job: those of the workers, or else those locked for hours. */
async function freeQueues(queries: Queries, tx: Executor, workerIds?: string): Promise<void> {
  const freed = await queries.freeQueues(tx, { workerIds: workerIds ?? null });
  if (freed.length > 0) await queries.announceJobs(tx, { count: `${freed.length}` });
}

/** @param decisions Undefined: all jobs are recovered by default. */
async function recover(
  queries: Queries,
  tx: Executor,
  options: ResolvedRecovery,
  decisions: readonly object[] | undefined,
): Promise<SweepResult> {
  const deadWorkerIds = await findDead(queries, tx, options);
  if (deadWorkerIds === undefined) return nothing;
  await freeQueues(queries, tx);
  if (deadWorkerIds.length === 0) return { ...nothing, swept: true };
  const workerIds = JSON.stringify(deadWorkerIds);
  const recovered = await queries.recoverJobs(tx, {
    workerIds,
    decisions: decisions && JSON.stringify(decisions),
    delayMs: `${options.recoveryDelayMs}`,
    maxCrashes: `${options.maxCrashes}`,
  });
  if (recovered.length > 0) await queries.announceJobs(tx, { count: `${recovered.length}` });
  await freeQueues(queries, tx, workerIds);
  await queries.forgetWorkers(tx, { workerIds });
  await queries.forgetStarts(tx);
  return {
    ...nothing,
    swept: true,
    deadWorkerIds,
    recoveredJobIds: recovered.map(({ id }) => id),
    failedJobIds: recovered.filter(({ hasFailed }) => hasFailed).map(({ id }) => id),
  };
}
