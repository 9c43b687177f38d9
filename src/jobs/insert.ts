import type { Executor } from "../database/executor.js";
import type { Queries } from "../database/queries.js";
import type { TaskSpec } from "../tasks/spec.js";
import { explainRefusal } from "./refusal.js";
import { toJob, type Job } from "./job.js";

/** One job to add, checked already. */
export interface JobInsert {
  readonly identifier: string;
  /** JSON text. */
  readonly payload: string;
  readonly spec: TaskSpec;
}

/**
 * Adds jobs in one round trip, whatever the mix of their key modes: all or none. The result is in
 * the order of `inserts`; those that share a key share the job.
 * @throws TaskwrightError `SCHEMA_MISSING`, or `SPEC_INVALID` and `PAYLOAD_INVALID` for what only
 * the database can refuse.
 */
export async function insertJobs(
  queries: Queries,
  db: Executor,
  inserts: readonly JobInsert[],
): Promise<Job[]> {
  if (inserts.length === 0) return [];
  try {
    const rows = await queries.addJobs(db, {
      specs: JSON.stringify(inserts.map(toRecord)),
    });
    return rows.map(toJob);
  } catch (error) {
    throw explainRefusal(error);
  }
}

function toRecord({ identifier, payload, spec }: JobInsert) {
  return {
    identifier,
    payload,
    queue_name: spec.queueName,
    // PostgreSQL doesn't take the sign that ISO 8601 gives years after 9999.
    run_at: spec.runAt?.toISOString().replace(/^\+/u, ""),
    max_attempts: spec.maxAttempts,
    job_key: spec.jobKey,
    priority: spec.priority,
    flags: spec.flags,
    job_key_mode: spec.jobKeyMode,
  };
}
