import type { Executor } from "../database/executor.js";
import type { Queries } from "../database/queries.js";
import { readJob } from "../jobs/stored-job.js";
import type { RecoveryDecision, ResolvedRecovery } from "./options.js";

/** What one sweep found and did. */
export interface SweepResult {
  /** False when another sweep was at work: nothing was looked at. */
  readonly swept: boolean;
  readonly deadWorkerIds: readonly string[];
  /** Jobs that were given back or failed. */
  readonly recoveredJobIds: readonly string[];
}

/** Runs `fn` in a transaction. */
export type RunInTransaction = <T>(fn: (tx: Executor) => Promise<T>) => Promise<T>;

const nothing: SweepResult = { swept: false, deadWorkerIds: [], recoveredJobIds: [] };

/**
 * Finds dead workers, asks the hook about their jobs and gives these back, in one transaction under
 * the sweep's advisory lock. What a worker that was merely slow has settled meanwhile is left alone:
 * every change is fenced by the dead worker's id.
 */
export function sweep(
  queries: Queries,
  withTransaction: RunInTransaction,
  options: ResolvedRecovery,
): Promise<SweepResult> {
  return withTransaction(async (tx) => {
    const [lock] = await queries.trySweepLock(tx);
    if (lock?.acquired !== true) return nothing;
    const dead = await queries.findDeadWorkers(tx, {
      foreignThresholdMs: `${options.foreignThresholdMs}`,
      resilientFlags: JSON.stringify(options.resilientFlags),
      resilientMultiplier: `${options.resilientMultiplier}`,
      unregisteredThresholdMs: options.unregisteredThresholdMs?.toString(),
    });
    if (dead.length === 0) return { ...nothing, swept: true };
    const workerIds = dead.map(({ workerId }) => workerId);
    const recoveredJobIds = await recoverJobsOf(queries, tx, workerIds, options);
    await queries.forgetWorkers(tx, { workerIds: JSON.stringify(workerIds) });
    return { swept: true, deadWorkerIds: workerIds, recoveredJobIds };
  });
}

async function recoverJobsOf(
  queries: Queries,
  tx: Executor,
  workerIds: string[],
  { hook, recoveryDelayMs }: ResolvedRecovery,
): Promise<string[]> {
  const held = await queries.listHeldJobs(tx, { workerIds: JSON.stringify(workerIds) });
  const decisions: object[] = [];
  for (const job of held.map(({ job }) => readJob(job))) {
    const workerId = job.lockedBy ?? "";
    const decision = await hook(job, workerId);
    if (decision !== "leave") decisions.push(toRecord(job.id, workerId, decision));
  }
  const recovered = await queries.recoverJobs(tx, {
    decisions: JSON.stringify(decisions),
    delayMs: `${recoveryDelayMs}`,
  });
  if (recovered.length > 0) await queries.announceJobs(tx, { count: `${recovered.length}` });
  return recovered.map(({ id }) => id);
}

function toRecord(id: string, workerId: string, decision: Exclude<RecoveryDecision, "leave">) {
  const to = { id, worker_id: workerId };
  if (typeof decision === "string") return { ...to, action: decision };
  return { ...to, action: "reschedule", run_at: decision.runAt, attempts: decision.attempts };
}
