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
export { cleanup, type CleanupOptions, type CleanupResult, type CleanupTask } from "./cleanup.js";
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
export { listQueues, type ListQueuesOptions, type QueueInfo, type QueuePage } from "./queues.js";
export {
  getStats,
  type QueueStats,
  type Rates,
  type StateCounts,
  type StatsOptions,
  type TaskStats,
} from "./stats.js";
export { sweep, type SweepOptions } from "./sweep.js";
export { forceUnlockWorkers, listWorkers, type Unlocked, type WorkerInfo } from "./workers.js";
export type { RecoveryDecision, RecoveryFacts, RecoveryHook } from "../recovery/options.js";
export type { SweepResult } from "../recovery/sweep.js";
export type { JobState, StoredJob } from "../jobs/stored-job.js";
