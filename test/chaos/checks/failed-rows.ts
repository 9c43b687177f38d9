import { endOf } from "../history/explain.js";
import type { Check, FailedRow, History } from "../history/history.js";
import { maxCrashes } from "../roles/tasks.js";

/**
 * A row that is left has used up its attempts, and for a reason: each of them was a run, or was lost
 * with a peer's death; or the job killed its workers too often; or it gave up its key while it ran.
 */
export const checkFailedRows: Check = (history) =>
  [...history.failedRows.values()].flatMap((row) => {
    const { job, attempts, maxAttempts, task } = row;
    const lines = [row.line, ...(history.runsByJob.get(job) ?? []).map(({ line }) => line)];
    const violation = (message: string) => [{ check: "failed rows", message, lines }];
    if (attempts < maxAttempts) {
      return violation(`job ${job} (${task}) is left at attempt ${attempts} of ${maxAttempts}`);
    }
    return isDeserved(history, row)
      ? []
      : violation(`job ${job} (${task}) failed for good without having used its attempts`);
  });

function isDeserved(history: History, { job, key, attempts, requests }: FailedRow): boolean {
  const runs = history.runsByJob.get(job) ?? [];
  const unlocks = history.unlocks.get(job)?.length ?? 0;
  if (runs.length + unlocks >= attempts) return true;
  const crashes = runs.filter(
    (run) => run.settledAt === undefined && endOf(history, run) < Infinity,
  );
  if (crashes.length >= maxCrashes) return true;
  const wasKeyed = requests.some((name) => typeof history.requests.get(name)?.key === "string");
  return wasKeyed && key === null;
}
