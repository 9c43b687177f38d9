export { defineConfig, type TaskwrightConfig } from "./config.js";
export {
  bindClient,
  type BaseClient,
  type Client,
  type ClientMethods,
  type MethodNames,
} from "./client/client.js";
export type {
  ListJobs,
  ListTaskJobsOptions,
  ManagementMethods,
  StoredJobOf,
  TaskJobPage,
} from "./client/management.js";
export type { ClientOptions } from "./client/options.js";
export { defineCron } from "./cron/define-cron.js";
export type {
  CronBuilder,
  CronOptions,
  CronTask,
  Interval,
  TimeOfDay,
  Weekday,
} from "./cron/define-cron.js";
export type { CronEntry } from "./cron/entry.js";
export {
  comingTicks,
  listCronEntries,
  type ComingTick,
  type ComingTicksOptions,
  type ListCronOptions,
  type ListedCronEntry,
} from "./cron/list.js";
export type { SchedulingOptions } from "./cron/options.js";
export { parseCrontab } from "./cron/parse-crontab.js";
export type { CronPlace, CronProblem } from "./cron/problem.js";
export { resolveCronEntries, type CronSources, type ResolvedCronEntry } from "./cron/resolve.js";
export { nextTicks, type Schedule } from "./cron/schedule.js";
export type { Executor, QueryResult } from "./database/executor.js";
export { TaskwrightError, type ErrorCode } from "./errors.js";
export { BulkError } from "./jobs/bulk-error.js";
export type { BulkOptions, BulkProgress } from "./jobs/bulk-options.js";
export type { ItemSource } from "./jobs/item-reader.js";
export type { Job } from "./jobs/job.js";
export { silentLogger, type Logger } from "./log.js";
export * from "./manage/index.js";
export type { RoleKind } from "./database/privilege.js";
export {
  grantRole,
  type GrantOptions,
  type GrantResult,
  inspectSchema,
  type LockHolder,
  type LockOptions,
  migrate,
  type MigrateOptions,
  type SchemaChangeOptions,
  type MigrateResult,
  revokeRole,
  type SchemaState,
  type SchemaStatus,
  uninstall,
  type UninstallResult,
} from "./migrate/index.js";
export type { Interceptor, Next } from "./plugins/compose.js";
export type {
  EnqueueChange,
  EnqueueInterceptor,
  EnqueueRequest,
  EnqueueResult,
} from "./plugins/enqueue.js";
export type { Plugin } from "./plugins/plugin.js";
export type { RunInterceptor, RunRequest, RunResult } from "./plugins/run.js";
export type { SettleInterceptor, SettleOutcome, SettleRequest } from "./plugins/settle.js";
export type { AddArguments, Added, AddedJob, AddJob, InputOf } from "./tasks/added.js";
export { BatchError, type BatchHandler, type BatchResult } from "./tasks/batch.js";
export type { CronInfo, JobContext, JobTransaction } from "./tasks/context.js";
export { enqueueBulk } from "./tasks/enqueue-bulk.js";
export { enqueue, enqueueBatch, enqueueMany, type JobItem } from "./tasks/enqueue.js";
export {
  bindHandlers,
  type BoundTask,
  type Handler,
  type HandlerOf,
  type Handlers,
  type HandlerSet,
  type PayloadOf,
  type TaskRegistry,
} from "./tasks/handlers.js";
export type { PayloadIssue } from "./tasks/issues.js";
export { createPeerTasks, type PeerHandlers, type PeerTasks } from "./tasks/peer.js";
export {
  NonRetriableError,
  RetryAfterError,
  type RetryAfterOptions,
  type RetryTime,
} from "./tasks/retry.js";
export type { JobKeyMode, TaskSpec } from "./tasks/spec.js";
export {
  defineBatchTask,
  defineTask,
  type BatchOptions,
  type BatchTaskDefinition,
  type PayloadValidator,
  type StandardSchema,
  type TaskDefinition,
  type TaskOptions,
  type ValidationResult,
} from "./tasks/task.js";
export type { CronEvents, ScheduledTick } from "./cron/events.js";
export type { CronTick } from "./cron/pending.js";
export type {
  WorkerEvent,
  WorkerEventMap,
  WorkerEventName,
  WorkerEvents,
  WorkerListener,
  WorkerListeners,
} from "./events.js";
export type { TaskLimit, TaskLimits } from "./worker/limits.js";
export type { IsolationOptions } from "./isolation/options.js";
export type { ForbiddenFlags, WorkerOptions } from "./worker/options.js";
export type { JobCounts } from "./worker/tally.js";
export type { RunEnd, RunSummary } from "./worker/worker.js";
export {
  runOnce,
  startWorker,
  type RunOnceOptions,
  type StartOptions,
  type StopOptions,
  type Worker,
} from "./worker/start.js";
