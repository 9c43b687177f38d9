import { TaskwrightError } from "../errors.js";
import { messageOf } from "../thrown.js";
import type { Settlement } from "./outcome.js";

/**
 * The next simpler form of a result that the database refused:
 *
 *     completed --> failed for good, since the row can't be deleted
 *     failed, returned: whole --> plain --> bare --> undefined
 */
export function simplify(settlement: Settlement, refusal: Error): Settlement | undefined {
  const { job, outcome, form = "whole" } = settlement;
  if (outcome.kind === "completed") {
    const error = new TaskwrightError(
      "RESULT_REFUSED",
      `The handler of task ${job.task} succeeded, but PostgreSQL refused to delete its job. The job is marked as failed for good, so that it doesn't run again. Look for triggers or foreign keys on the jobs' table. PostgreSQL: ${messageOf(refusal)}`,
      { jobId: job.id, task: job.task },
      { cause: refusal },
    );
    return { job, outcome: { kind: "failed", error, retry: "never" } };
  }
  if (form === "whole") return { job, outcome, form: "plain" };
  return form === "plain" ? { job, outcome, form: "bare" } : undefined;
}
