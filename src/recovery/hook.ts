import type { ListHeldJobsResult } from "../../generated/queries/recovery.js";
import { writeDueTime } from "../database/time.js";
import { TaskwrightError, toError } from "../errors.js";
import { readJob } from "../jobs/stored-job.js";
import { isValidDate } from "../kinds.js";
import { maxInt16 } from "../option-rules.js";
import { refuseOption } from "../options.js";
import type { RecoveryDecision, RecoveryHook } from "./options.js";

/** What is to become of jobs, as `taskwright_recover_jobs` takes it. */
export interface Decisions {
  readonly decisions: readonly object[];
  /** Why the hook decided nothing about some jobs. */
  readonly hookErrors: readonly Error[];
}

export interface HookLimits {
  readonly hook: RecoveryHook;
  /** Milliseconds that the hook may take for a job. */
  readonly hookTimeoutMs: number;
  /** Stops the questions; jobs without an answer stay undecided. */
  readonly signal: AbortSignal | undefined;
}

/** Asks the hook about jobs, one after the other. A job that it fails to decide about is left out. */
export async function askHook(
  held: readonly ListHeldJobsResult[],
  limits: HookLimits,
): Promise<Decisions> {
  const hookErrors: Error[] = [];
  const decisions: object[] = [];
  for (const row of held) {
    if (hasEnded(limits)) break;
    try {
      const decision = checkDecision(await ask(row, limits));
      if (decision !== "leave") decisions.push(toRecord(row, decision));
    } catch (thrown) {
      // One job that the hook fails to decide doesn't stop the others.
      if (!hasEnded(limits)) hookErrors.push(toError(thrown));
    }
  }
  return { decisions, hookErrors };
}

function hasEnded({ signal }: HookLimits): boolean {
  return signal?.aborted ?? false;
}

/** Rejects when the hook takes too long or the signal aborts; a later answer is dropped. */
function ask(row: ListHeldJobsResult, limits: HookLimits): Promise<RecoveryDecision> {
  const { hook, hookTimeoutMs, signal } = limits;
  return new Promise((resolve, reject) => {
    const onAbort = () => reject(new Error("The sweep was stopped."));
    const timer = setTimeout(() => reject(timeoutError(row, hookTimeoutMs)), hookTimeoutMs);
    signal?.addEventListener("abort", onAbort, { once: true });
    const answer = async () =>
      hook(readJob(row.job), row.workerId, {
        hasStarted: row.hasStarted ?? undefined,
        crashes: row.crashes,
      });
    void answer()
      .then(resolve, reject)
      .finally(() => {
        clearTimeout(timer);
        signal?.removeEventListener("abort", onAbort);
      });
  });
}

function timeoutError({ id, workerId }: ListHeldJobsResult, hookTimeoutMs: number): Error {
  return new TaskwrightError(
    "RECOVERY_TIMEOUT",
    `The recovery hook did not decide about job ${id} within ${hookTimeoutMs} ms (hookTimeoutMs). The job stays locked; the next sweep asks again.`,
    { jobId: id, deadWorkerId: workerId, hookTimeoutMs },
  );
}

const words: readonly unknown[] = ["default", "recover", "fail", "leave"];

/** @throws TaskwrightError `OPTION_INVALID` */
function checkDecision(decision: RecoveryDecision): RecoveryDecision {
  if (words.includes(decision)) return decision;
  const { runAt, attempts = 0 } = (decision ?? {}) as Partial<Exclude<RecoveryDecision, string>>;
  const isTime = isValidDate(runAt);
  const isCount = Number.isInteger(attempts) && attempts >= 0 && attempts <= maxInt16;
  if (isTime && isCount) return decision;
  refuseOption(
    "recovery",
    "hook",
    `a function that returns "default", "recover", "fail", "leave" or { runAt: Date, attempts?: number }`,
  );
}

function toRecord(
  { id, workerId, lockedAt }: ListHeldJobsResult,
  decision: Exclude<RecoveryDecision, "leave">,
): object {
  const to = { id, worker_id: workerId, locked_at: lockedAt };
  if (typeof decision === "string") return { ...to, action: decision };
  const { runAt, attempts } = decision;
  return { ...to, action: "reschedule", run_at: writeDueTime(runAt), attempts };
}
