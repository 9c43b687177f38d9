import type { Executor } from "../database/executor.js";
import type { Queries } from "../database/queries.js";
import type { Settlement } from "./outcome.js";

export interface TakenOptions {
  readonly queries: Queries;
  readonly db: Executor;
  readonly workerId: string;
  /** Whether the worker sends heartbeats. Default false. */
  readonly isRegistered?: boolean;
}

/**
 * Finds out about jobs that the worker no longer holds and that a statement whose answer was lost may
 * have settled. Returns the ids of those that others have taken.
 *
 * If a sweep declared the worker dead since the claim, other workers have its jobs. The statement may have
 * been faster than the sweep, but that can't be known, and the job may have run again.
 */
export async function findTaken(
  settlements: readonly Settlement[],
  { queries, db, workerId, isRegistered = false }: TakenOptions,
): Promise<ReadonlySet<string>> {
  const rows = await queries.findTakenJobs(db, {
    workerId,
    isRegistered,
    ids: settlements.map(({ job }) => job.id),
    locks: settlements.map(({ job }) => job.lockedAt),
    areCompleted: settlements.map(({ outcome }) => `${outcome.kind === "completed"}`),
  });
  return new Set(rows.map(({ id }) => id));
}
