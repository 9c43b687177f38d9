import type { Executor } from "../database/executor.js";
import { checkOption } from "../options.js";
import { reads, idRule, manage, manageRules, type ManageOptions } from "./options.js";
import { readJob, type StoredJob } from "../jobs/stored-job.js";

/**
 * The job with an id, and its state. Undefined when there is none: it was completed or removed, or
 * there never was one.
 * @throws TaskwrightError `OPTION_UNKNOWN`, `OPTION_INVALID`, `SCHEMA_MISSING`
 */
export function getJob(
  db: Executor,
  id: string,
  options: ManageOptions = {},
): Promise<StoredJob | undefined> {
  return manage("getJob", reads, options, manageRules, async (queries) => {
    checkOption("getJob", "id", id, idRule);
    const [row] = await queries.findJobs(db, { ids: id });
    return row === undefined ? undefined : readJob(row.job);
  });
}
