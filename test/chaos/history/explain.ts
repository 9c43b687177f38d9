import { sweepThresholdMs } from "../roles/tasks.js";
import { processOf, type History, type Run } from "./history.js";

/** Notes of what happened come after it: an answer has to travel, and a process to be scheduled. */
const noteDelayMs = 1000;
/** A sweep looks, decides and commits; this much later, at most, it says so. */
const sweepMs = 2000;
/** Less trouble than this in the time of a worker's silence does not explain the silence. */
const leastTroubleMs = 1500;

/**
 * Why a job could be taken from a run by `before`, without the run having failed: its process had
 * ended, its worker was declared dead, it was given up or given back by hand. Undefined: for no
 * reason.
 */
export function whyTaken(history: History, run: Run, before: number): string | undefined {
  const limit = before + noteDelayMs;
  const isBetween = (at: number) => at >= run.claimedAt && at <= limit;
  const process = processOf(run);
  const life = history.lives.get(process);
  if (life !== undefined && life.to <= limit) return "its process had ended";
  if (history.unlocks.get(run.job)?.some(isBetween) === true) return "it was given back by hand";
  if (run.givenUpAt !== undefined && run.givenUpAt <= limit) return "its worker had given it up";
  const isSwept = history.sweeps.some(
    ({ at, jobs, workers }) =>
      isBetween(at) &&
      jobs.has(run.job) &&
      workers.some((worker) => history.workers.get(worker) === life),
  );
  if (isSwept) return "it was swept";
  // A sweeper that was killed, or cut off from the answer, could not say what it had done.
  const learntAt = history.declaredDead.get(process)?.find((at) => at >= run.claimedAt);
  if (learntAt !== undefined && wasSilenced(history, run.actor, run.claimedAt, limit)) {
    return "its worker was declared dead";
  }
  return undefined;
}

/** Why a worker could be declared dead by a sweep that was noted at a time. */
export function whySilent(history: History, worker: string, at: number): string | undefined {
  const life = history.workers.get(worker);
  if (life === undefined) return undefined;
  if (life.to <= at + noteDelayMs) return "it had ended";
  const from = at - sweepThresholdMs - sweepMs;
  return wasSilenced(history, life.actor, from, at) ? "it was in trouble" : undefined;
}

/** Whether there was trouble enough, in a time, to keep an actor from saying that it lives. */
function wasSilenced(history: History, actor: string, from: number, to: number): boolean {
  const troubles = history.troubles
    .filter((trouble) => trouble.actor === undefined || trouble.actor === actor)
    .map((trouble) => ({ from: Math.max(trouble.from, from), to: Math.min(trouble.to, to) }))
    .filter((trouble) => trouble.to > trouble.from)
    .sort((a, b) => a.from - b.from);
  let covered = 0;
  let until = from;
  for (const trouble of troubles) {
    covered += Math.max(0, trouble.to - Math.max(trouble.from, until));
    until = Math.max(until, trouble.to);
  }
  return covered >= leastTroubleMs;
}

/** Whether an attempt failed, by its own account or its worker's. */
export function hasFailed(run: Run): boolean {
  const hasFailedItems = (run.failedRequests?.length ?? 0) > 0;
  return run.failed === true || run.settledAsFailed === true || hasFailedItems;
}

/** When a run was over: its end, or that of its process. */
export function endOf(history: History, run: Run): number {
  return run.endedAt ?? history.lives.get(processOf(run))?.to ?? Infinity;
}
