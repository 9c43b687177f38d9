import { hasFailed, whyTaken } from "../history/explain.js";
import type { Check, History, Run, Violation } from "../history/history.js";

/**
 * A job runs again only if its last run failed, or was taken from its worker for a reason. One whose
 * success is in the database never does.
 */
export const checkRepeats: Check = (history) => {
  const violations: Violation[] = [];
  for (const runs of history.runsByJob.values()) {
    if (runs.length < 2) continue;
    const claims = [...runs].sort((a, b) => a.claimedAt - b.claimedAt);
    for (const [index, run] of claims.entries()) {
      const next = claims[index + 1];
      if (next === undefined) break;
      const problem = findProblem(history, run, next);
      if (problem === undefined) continue;
      violations.push({
        check: "repeats",
        message: `job ${run.job} (${run.task}) ran again, ${problem}`,
        lines: [run.line, next.line],
      });
    }
  }
  return violations;
};

function findProblem(history: History, run: Run, next: Run): string | undefined {
  const { actor, attempt, maxAttempts, settledAt, settledAsFailed } = run;
  const isFinal = settledAsFailed === false || attempt >= maxAttempts;
  if (settledAt !== undefined && isFinal) {
    const result = settledAsFailed === false ? "completed" : "failed for good";
    return whyTaken(history, run, settledAt) === undefined
      ? `though ${actor} had said before that it was ${result}`
      : `and ${actor}, which had lost it, said that it was ${result}`;
  }
  if (hasFailed(run) || whyTaken(history, run, next.claimedAt) !== undefined) return undefined;
  return `for no reason: its run in ${actor} had not failed, nor was it taken away`;
}
