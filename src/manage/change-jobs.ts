import type { Executor } from "../database/executor.js";
import { date, integer, maxInt16, type Rules } from "../option-rules.js";
import { checkOption, refuseOption, type Checked } from "../options.js";
import { change, changeAndWake, type ChangedJobs } from "./change.js";
import { changes, manage, manageRules, nameRule, textRule, type ManageOptions } from "./options.js";
import { readJob, type StoredJob } from "../jobs/stored-job.js";

/**
 * Completes jobs without running them: they are deleted. The answer holds them as they were.
 *
 * A job that a worker holds is left alone, unless its lock is older than four hours, when every peer
 * declares the worker dead. Of more than a thousand jobs, each thousand is a statement of its own.
 *
 * Source of the semantics: graphile-worker's `completeJobs`.
 * @throws TaskwrightError `OPTION_UNKNOWN`, `OPTION_INVALID`, `SCHEMA_MISSING`
 */
export function completeJobs(
  db: Executor,
  ids: readonly string[],
  options: ManageOptions = {},
): Promise<ChangedJobs> {
  return manage("completeJobs", changes, options, manageRules, (queries) =>
    change("completeJobs", queries, db, ids, (ids) => queries.completeJobs(db, { ids })),
  );
}

/**
 * Fails jobs for good, with a reason as their last error. Jobs that workers hold are left alone, as
 * by `completeJobs`.
 *
 * Source of the semantics: graphile-worker's `permanentlyFailJobs`.
 * @param reason Default: `Manually marked as failed`.
 * @throws TaskwrightError as `completeJobs`
 */
export function permanentlyFailJobs(
  db: Executor,
  ids: readonly string[],
  reason?: string,
  options: ManageOptions = {},
): Promise<ChangedJobs> {
  const owner = "permanentlyFailJobs";
  return manage(owner, changes, options, manageRules, (queries) => {
    if (reason !== undefined) checkOption(owner, "reason", reason, textRule);
    return change(owner, queries, db, ids, (ids) =>
      queries.permanentlyFailJobs(db, { ids, reason }),
    );
  });
}

/** What a job is given anew; what is left out stays. */
export interface Reschedule {
  readonly runAt?: Date;
  /** Lower runs first; -32768 to 32767. */
  readonly priority?: number;
  /** How often the job counts as attempted; 0 gives it all its attempts again. */
  readonly attempts?: number;
  /** From 1. */
  readonly maxAttempts?: number;
}

/** What {@link rescheduleJobs} gives jobs anew, and where they are. */
export interface RescheduleOptions extends ManageOptions, Reschedule {}

/**
 * Gives jobs another time, priority or number of attempts, and wakes the workers up. Jobs that
 * workers hold are left alone, as by `completeJobs`.
 *
 * Source of the semantics: graphile-worker's `rescheduleJobs`; but zero is a number like others,
 * where the peer's client takes a priority or attempts of 0 for nothing.
 * @throws TaskwrightError as `completeJobs`
 */
export function rescheduleJobs(
  db: Executor,
  ids: readonly string[],
  options: RescheduleOptions,
): Promise<ChangedJobs> {
  const owner = "rescheduleJobs";
  return manage(owner, changes, options, rescheduleRules, (queries, checked) => {
    const values = toParameters(owner, checked);
    return changeAndWake(owner, queries, db, ids, (ids) =>
      queries.rescheduleJobs(db, { ids, ...values }),
    );
  });
}

/**
 * Makes jobs due at once that failed for good or wait for their retry, and wakes the workers up. One
 * that failed for good has all its attempts again; of one that waits, the attempts stay counted. Its
 * last error stays until it fails again. Jobs in other states are left alone.
 * @throws TaskwrightError as `completeJobs`
 */
export function retryJobs(
  db: Executor,
  ids: readonly string[],
  options: ManageOptions = {},
): Promise<ChangedJobs> {
  return manage("retryJobs", changes, options, manageRules, (queries) =>
    changeAndWake("retryJobs", queries, db, ids, (ids) => queries.retryJobs(db, { ids })),
  );
}

/**
 * Makes jobs due at once that are scheduled for later or wait for their retry, and wakes the workers
 * up. Jobs that are due already keep their place. A job behind a busy or paused queue still waits;
 * the state tells. Jobs that run, or have failed for good, are left alone.
 * @throws TaskwrightError as `completeJobs`
 */
export function runJobsNow(
  db: Executor,
  ids: readonly string[],
  options: ManageOptions = {},
): Promise<ChangedJobs> {
  return manage("runJobsNow", changes, options, manageRules, (queries) =>
    changeAndWake("runJobsNow", queries, db, ids, (ids) => queries.runJobsNow(db, { ids })),
  );
}

/**
 * Removes the job with a key and gives it as it was; undefined when there is none. A job that runs
 * can't be removed: it loses its key and any retry, is given with a key of null and the state
 * `running`, and a Taskwright worker aborts its handler.
 *
 * Source of the semantics: graphile-worker's `remove_job`.
 * @throws TaskwrightError as `completeJobs`
 */
export function removeJob(
  db: Executor,
  jobKey: string,
  options: ManageOptions = {},
): Promise<StoredJob | undefined> {
  return manage("removeJob", changes, options, manageRules, async (queries) => {
    checkOption("removeJob", "jobKey", jobKey, nameRule);
    const [row] = await queries.removeJob(db, { jobKey });
    return row === undefined ? undefined : readJob(row.job);
  });
}

/** Each option's rule. */
const changeRules = {
  runAt: date(),
  priority: integer(-maxInt16 - 1, maxInt16),
  attempts: integer(0, maxInt16),
  maxAttempts: integer(1, maxInt16),
} satisfies Rules<Reschedule>;
const rescheduleRules = { ...manageRules, ...changeRules };

function toParameters(owner: string, options: Checked<typeof changeRules>) {
  const { runAt, priority, attempts, maxAttempts } = options;
  if ([runAt, priority, attempts, maxAttempts].every((value) => value === undefined)) {
    const known = Object.keys(changeRules).join(", ");
    refuseOption(owner, "runAt", `given, or another of ${known}`);
  }
  return {
    // PostgreSQL doesn't take the sign that ISO 8601 gives years after 9999.
    runAt: runAt?.toISOString().replace(/^\+/u, ""),
    priority: priority?.toString(),
    attempts: attempts?.toString(),
    maxAttempts: maxAttempts?.toString(),
  };
}
