import type { Executor } from "../database/executor.js";
import type { Queries } from "../database/queries.js";
import type { TaskSpec } from "../tasks/spec.js";
import type { Job } from "./job.js";

/** One job to add, checked already. */
export interface JobInsert {
  readonly identifier: string;
  /** JSON text. */
  readonly payload: string;
  readonly spec: TaskSpec;
}

/** Adds jobs in one round trip; the result is in the order of `jobs`. */
export async function insertJobs(
  queries: Queries,
  db: Executor,
  jobs: readonly JobInsert[],
): Promise<Job[]> {
  const rows = await queries.addJobs(db, {
    specs: JSON.stringify(jobs.map(toRecord)),
    payloads: jobs.map(({ payload }) => payload),
    preserveRunAt: jobs[0]?.spec.jobKeyMode === "preserve_run_at",
  });
  return rows.map((row, index) => ({
    ...row,
    task: jobs[index]?.identifier ?? "",
    queueName: jobs[index]?.spec.queueName ?? null,
    flags: Object.keys(row.flags ?? {}),
  }));
}

function toRecord({ identifier, spec }: JobInsert) {
  return {
    identifier,
    queue_name: spec.queueName,
    run_at: spec.runAt,
    max_attempts: spec.maxAttempts,
    job_key: spec.jobKey,
    priority: spec.priority,
    flags: spec.flags,
  };
}
