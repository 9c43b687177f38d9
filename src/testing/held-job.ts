import type { StatementExecutor } from "../database/executor.js";
import type { Queries } from "../database/queries.js";
import { explainRefusal } from "../jobs/refusal.js";
import type { JobInsert } from "../jobs/insert.js";
import { ClaimedJob } from "../worker/claimed-job.js";

export interface HeldJobOptions {
  readonly queries: Queries;
  readonly db: StatementExecutor;
  readonly workerId: string;
  readonly attempts: number;
}

/** Graphile-worker's default. */
const defaultMaxAttempts = 25;

/** Adds a job as if a worker had claimed it already; its queue and key are only told, not taken. */
export async function addHeldJob(
  { identifier, payload, spec }: JobInsert,
  { queries, db, workerId, attempts }: HeldJobOptions,
): Promise<ClaimedJob> {
  const { priority = 0, maxAttempts = defaultMaxAttempts } = spec;
  try {
    await queries.addTask(db, { identifier });
    const params = { identifier, payload, priority, attempts, maxAttempts, workerId };
    const [row] = await queries.addHeldJob(db, params);
    if (row === undefined) throw new Error(`Task ${identifier} has gone.`);
    const { id, now } = row;
    const runAt = spec.runAt?.toISOString().replace("Z", "") ?? now;
    const flags = spec.flags?.map((flag) => [flag, true]);
    const job = {
      id,
      payload,
      priority,
      runAt,
      attempts,
      maxAttempts,
      createdAt: now,
      updatedAt: now,
      lockedAt: now,
      taskId: 0,
      queueName: spec.queueName ?? null,
      lastError: null,
      key: spec.jobKey ?? null,
      revision: 0,
      flags: flags === undefined ? null : JSON.stringify(Object.fromEntries(flags)),
      slot: null,
      lookOn: null,
      isCut: false,
    };
    return new ClaimedJob(job, identifier, workerId);
  } catch (error) {
    throw explainRefusal(error);
  }
}
