export type { ChangedJobs, SkippedJob } from "./change.js";
export {
  completeJobs,
  permanentlyFailJobs,
  removeJob,
  rescheduleJobs,
  retryJobs,
  runJobsNow,
  type Reschedule,
  type RescheduleOptions,
} from "./change-jobs.js";
export { getJob } from "./get-job.js";
export {
  listJobs,
  type JobFilters,
  type JobOrder,
  type JobPage,
  type ListJobsOptions,
  type PageOptions,
  type TaskReference,
} from "./list-jobs.js";
export type { ManageOptions } from "./options.js";
export {
  listPauses,
  pauseQueue,
  pauseTask,
  resumeQueue,
  resumeTask,
  type Pause,
  type PauseOptions,
} from "./pauses.js";
export type { PauseKind } from "./pause-notice.js";
export type { JobState, StoredJob } from "./stored-job.js";
