import { executorError, type Executor } from "../database/executor.js";
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
 * @throws TaskwrightError as `explainRefusal` has it, and `EXECUTOR_INVALID`.
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
    checkRows(rows, inserts.length);
    return rows.map(toJob);
  } catch (error) {
    throw explainRefusal(error);
  }
}

/**
 * Drivers may be told to rename columns or to parse text; then nothing here could be trusted.
 * @throws TaskwrightError `EXECUTOR_INVALID`
 */
function checkRows(rows: readonly unknown[], count: number): void {
  if (rows.length === count && rows.every(isJobRow)) return;
  throw executorError(
    `The executor gave ${rows.length} rows for ${count} jobs, or not as PostgreSQL does. It must leave the names of columns and their text as they are. The jobs were added, unless the transaction is rolled back.`,
  );
}

function isJobRow(row: unknown): boolean {
  if (typeof row !== "object" || row === null) return false;
  const { id, queueName, runAt } = row as Record<string, unknown>;
  return typeof id === "string" && typeof runAt === "string" && queueName !== undefined;
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
