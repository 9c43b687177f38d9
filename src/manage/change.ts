import type { Executor } from "../database/executor.js";
import type { Queries } from "../database/queries.js";
import { checkOption } from "../options.js";
import { idsRule } from "./options.js";
import { readJob, type JobState, type StoredJob } from "../jobs/stored-job.js";

/** What became of the jobs that were to be changed. */
export interface ChangedJobs {
  /** Those that were changed, by ascending ids. */
  readonly jobs: readonly StoredJob[];
  /** Those that were left alone, in the order in which they were named. */
  readonly skipped: readonly SkippedJob[];
}

/** A job that was left alone, and why. */
export interface SkippedJob {
  readonly id: string;
  /** The state that explains it. `missing`: there is no such job, or no more. */
  readonly state: JobState | "missing";
}

/** So many jobs at a time are locked and changed. */
const maxChanges = 1000;

/** Changes the jobs with these ids, as far as they can be, and gives them. */
type Changer = (ids: string) => Promise<{ readonly job: string }[]>;

/** As `change`, and tells the workers that there may be something to do. */
export async function changeAndWake(
  owner: string,
  queries: Queries,
  db: Executor,
  ids: readonly string[],
  changer: Changer,
): Promise<ChangedJobs> {
  return change(owner, queries, db, ids, async (part) => {
    const changed = await changer(part);
    if (changed.length > 0) await queries.announceJobs(db, { count: `${changed.length}` });
    return changed;
  });
}

/**
 * Changes jobs by their ids, no more than a thousand at a time, and finds out why others were left.
 * @throws TaskwrightError `OPTION_INVALID`
 */
export async function change(
  owner: string,
  queries: Queries,
  db: Executor,
  given: readonly string[],
  changer: Changer,
): Promise<ChangedJobs> {
  checkOption(owner, "ids", given, idsRule);
  const named = new Set(given.map((id) => BigInt(id)));
  // All locks are taken in this order, so that two calls can't wait for each other.
  const ids = [...named].sort((a, b) => (a < b ? -1 : 1)).map(String);
  const jobs: StoredJob[] = [];
  const states = new Map<string, SkippedJob["state"]>();
  for (let start = 0; start < ids.length; start += maxChanges) {
    const part = ids.slice(start, start + maxChanges);
    const changed = (await changer(part.join())).map(({ job }) => readJob(job));
    for (const each of changed.sort((a, b) => (BigInt(a.id) < BigInt(b.id) ? -1 : 1)))
      jobs.push(each);
    if (changed.length === part.length) continue;
    const changedIds = new Set(changed.map(({ id }) => id));
    const skipped = part.filter((id) => !changedIds.has(id));
    for (const id of skipped) states.set(id, "missing");
    const found = await queries.findJobStates(db, { ids: skipped.join() });
    for (const { id, state } of found) states.set(id, state as JobState);
  }
  const skipped = [...named].map(String).flatMap((id) => {
    const state = states.get(id);
    return state === undefined ? [] : [{ id, state }];
  });
  return { jobs, skipped };
}
