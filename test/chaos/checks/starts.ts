import { append, processOf, type Check, type History, type Run } from "../history/history.js";

/** A process that is frozen between its last look at its claims and the start can't know. */
const mostAtOnce = 2;
/** Starts that follow each other so closely belong to one awakening. */
const togetherMs = 2000;

/**
 * A worker that was frozen or blocked does not start what others have claimed meanwhile: what it has
 * buffered for too long goes back.
 */
export const checkStarts: Check = (history) => {
  const byProcess = new Map<string, Run[]>();
  for (const run of history.runs) if (isStale(history, run)) append(byProcess, processOf(run), run);
  return [...byProcess.values()]
    .flatMap(groupByTime)
    .filter((runs) => runs.length > mostAtOnce)
    .map((runs) => ({
      check: "starts",
      message: `${runs[0]?.actor} started ${runs.length} jobs at once that others had claimed before: ${runs.map(({ job }) => job).join(", ")}`,
      lines: runs.map(({ line }) => line),
    }));
};

function isStale({ runsByJob }: History, { job, claimedAt, startedAt }: Run): boolean {
  const others = runsByJob.get(job) ?? [];
  return others.some((other) => other.claimedAt > claimedAt && other.claimedAt < startedAt);
}

function groupByTime(runs: readonly Run[]): Run[][] {
  const groups: Run[][] = [];
  for (const run of runs) {
    const last = groups.at(-1);
    const lastStart = last?.at(-1)?.startedAt ?? -Infinity;
    if (last !== undefined && run.startedAt - lastStart < togetherMs) last.push(run);
    else groups.push([run]);
  }
  return groups;
}
