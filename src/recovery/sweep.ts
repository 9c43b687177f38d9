import type { Executor } from "../database/executor.js";
import type { Queries } from "../database/queries.js";
import { writeDueTime } from "../database/time.js";
import { toError } from "../errors.js";
import { readJob } from "../jobs/stored-job.js";
import { refuseOption } from "../options.js";
import type { RecoveryDecision, ResolvedRecovery } from "./options.js";

/** What one sweep found and did. */
export interface SweepResult {
  /** False when another sweep was at work: nothing was looked at. */
  readonly swept: boolean;
  readonly deadWorkerIds: readonly string[];
  /** Jobs that were given back or failed. */
  readonly recoveredJobIds: readonly string[];
  /** Why the hook decided nothing about some jobs, which are left. */
  readonly hookErrors: readonly Error[];
}

/** Runs `fn` in a transaction. */
export type RunInTransaction = <T>(fn: (tx: Executor) => Promise<T>) => Promise<T>;

const nothing: SweepResult = {
  swept: false,
  deadWorkerIds: [],
  recoveredJobIds: [],
  hookErrors: [],
};

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
    await freeQueues(queries, tx);
    if (dead.length === 0) return { ...nothing, swept: true };
    const workerIds = dead.map(({ workerId }) => workerId);
    const recovered = await recoverJobsOf(queries, tx, workerIds, options);
    await freeQueues(queries, tx, workerIds);
    await queries.forgetWorkers(tx, { workerIds: JSON.stringify(workerIds) });
    return { swept: true, deadWorkerIds: workerIds, ...recovered };
  });
}

/** Frees queues that are locked without a job: those of the workers, or else those locked for hours. */
async function freeQueues(queries: Queries, tx: Executor, workerIds?: string[]): Promise<void> {
  const freed = await queries.freeQueues(tx, { workerIds: JSON.stringify(workerIds) });
  if (freed.length > 0) await queries.announceJobs(tx, { count: `${freed.length}` });
}

async function recoverJobsOf(
  queries: Queries,
  tx: Executor,
  workerIds: string[],
  { hook, recoveryDelayMs }: ResolvedRecovery,
): Promise<Pick<SweepResult, "recoveredJobIds" | "hookErrors">> {
  const hookErrors: Error[] = [];
  const decisions: object[] = [];
  const held = await queries.listHeldJobs(tx, { workerIds: JSON.stringify(workerIds) });
  for (const job of held.map(({ job }) => readJob(job))) {
    const workerId = job.lockedBy ?? "";
    try {
      const decision = checkDecision(await hook(job, workerId));
      if (decision !== "leave") decisions.push(toRecord(job.id, workerId, decision));
    } catch (thrown) {
      // The jobs of others don't wait for this one.
      hookErrors.push(toError(thrown));
    }
  }
  const recovered = await queries.recoverJobs(tx, {
    decisions: JSON.stringify(decisions),
    delayMs: `${recoveryDelayMs}`,
  });
  if (recovered.length > 0) await queries.announceJobs(tx, { count: `${recovered.length}` });
  return { recoveredJobIds: recovered.map(({ id }) => id), hookErrors };
}

const maxAttempts = 32_767;

/** @throws TaskwrightError `OPTION_INVALID` */
function checkDecision(decision: RecoveryDecision): RecoveryDecision {
  if (decision === "recover" || decision === "fail" || decision === "leave") return decision;
  const { runAt, attempts = 0 } = (decision ?? {}) as Partial<Exclude<RecoveryDecision, string>>;
  const isTime = runAt instanceof Date && !Number.isNaN(runAt.getTime());
  const isCount = Number.isInteger(attempts) && attempts >= 0 && attempts <= maxAttempts;
  if (isTime && isCount) return decision;
  refuseOption(
    "recovery",
    "hook",
    `a function that returns "recover", "fail", "leave" or { runAt: Date, attempts?: number }`,
  );
}

function toRecord(id: string, workerId: string, decision: Exclude<RecoveryDecision, "leave">) {
  const to = { id, worker_id: workerId };
  if (typeof decision === "string") return { ...to, action: decision };
  const { runAt, attempts } = decision;
  return { ...to, action: "reschedule", run_at: writeDueTime(runAt), attempts };
}
