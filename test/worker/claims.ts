import type { Executor } from "../../src/database/executor.js";
import type { Queries } from "../../src/database/queries.js";
import { ClaimedJob, type ClaimedRow } from "../../src/worker/claimed-job.js";

export interface Claim {
  readonly workerId?: string;
  readonly task?: string;
  readonly maxJobs?: number;
}

/** Claims jobs of one task with one statement, as a worker does. */
export async function claimJobs(
  queries: Queries,
  db: Executor,
  { workerId = "me", task = "task", maxJobs = 10 }: Claim = {},
): Promise<ClaimedJob[]> {
  const tasks = await queries.findTasks(db, { identifiers: [task] });
  const rows = await queries.claimJobs(db, {
    workerId,
    taskIds: tasks.map(({ id }) => id),
    forbiddenFlags: [],
    maxJobs,
    afterQueue: 0,
  });
  return rows.flatMap((row) =>
    row.id === null ? [] : [new ClaimedJob(row as ClaimedRow, task, workerId)],
  );
}
