import type { Executor } from "../database/executor.js";
import type { StoredJob } from "../jobs/stored-job.js";
import * as manage from "../manage/index.js";
import { tasksRule } from "../manage/list-jobs.js";
import { checkOption, copyOptions, refuseOption } from "../options.js";
import type { SweepResult } from "../recovery/sweep.js";
import type { PayloadOf, TaskRegistry } from "../tasks/handlers.js";
import { findTask } from "./find-task.js";

type Identifier<Registry> = keyof Registry & string;

/** A client has a schema of its own. */
type Here<Options> = Omit<Options, "schema">;

/** A stored job of one of some tasks; its `task` tells its payload's type. */
export type StoredJobOf<Registry, Id extends Identifier<Registry>> = {
  [Each in Id]: StoredJob<PayloadOf<Registry[Each]>> & { readonly task: Each };
}[Id];

/** A page of jobs of some tasks, with the types of their payloads. */
export interface TaskJobPage<Registry, Id extends Identifier<Registry>> {
  readonly jobs: readonly StoredJobOf<Registry, Id>[];
  /** Where the next page begins; null when there is none. */
  readonly nextCursor: string | null;
}

type ListAnyJobsOptions = Omit<manage.ListJobsOptions, "schema" | "task">;

/** How a client lists jobs of some of its tasks. */
export interface ListTaskJobsOptions<Id> extends ListAnyJobsOptions {
  readonly task: Id | readonly Id[];
}

/** Lists jobs of some tasks with the types of their payloads, or of any task, foreign ones included. */
export interface ListJobs<Registry> {
  <Id extends Identifier<Registry>>(
    options: ListTaskJobsOptions<Id>,
  ): Promise<TaskJobPage<Registry, Id>>;
  (options?: ListAnyJobsOptions): Promise<manage.JobPage>;
}

/**
 * The functions that look after a queue, on the client's database and schema, for the tasks of its
 * registry. Each does what the plain function of its name does.
 */
export interface ManagementMethods<Registry> {
  readonly getJob: (id: string) => Promise<StoredJob | undefined>;
  readonly listJobs: ListJobs<Registry>;
  readonly removeJob: (jobKey: string) => Promise<StoredJob | undefined>;
  readonly completeJobs: (ids: readonly string[]) => Promise<manage.ChangedJobs>;
  readonly permanentlyFailJobs: (
    ids: readonly string[],
    reason?: string,
  ) => Promise<manage.ChangedJobs>;
  readonly rescheduleJobs: (
    ids: readonly string[],
    reschedule: manage.Reschedule,
  ) => Promise<manage.ChangedJobs>;
  readonly retryJobs: (ids: readonly string[]) => Promise<manage.ChangedJobs>;
  readonly runJobsNow: (ids: readonly string[]) => Promise<manage.ChangedJobs>;
  readonly listQueues: (options?: Here<manage.ListQueuesOptions>) => Promise<manage.QueuePage>;
  readonly listWorkers: () => Promise<manage.WorkerInfo[]>;
  readonly getStats: (options?: Here<manage.StatsOptions>) => Promise<manage.QueueStats>;
  readonly forceUnlockWorkers: (workerIds: readonly string[]) => Promise<manage.Unlocked>;
  /** The registry's tasks are kept, unless `taskIdentifiersToKeep` says otherwise. */
  readonly cleanup: (options: Here<manage.CleanupOptions>) => Promise<manage.CleanupResult>;
  readonly sweep: (options?: Here<manage.SweepOptions>) => Promise<SweepResult>;
  readonly pauseTask: (
    task: Identifier<Registry>,
    options?: Here<manage.PauseOptions>,
  ) => Promise<void>;
  readonly resumeTask: (task: Identifier<Registry>) => Promise<void>;
  readonly pauseQueue: (queueName: string, options?: Here<manage.PauseOptions>) => Promise<void>;
  readonly resumeQueue: (queueName: string) => Promise<void>;
  readonly listPauses: () => Promise<manage.Pause[]>;
}

/** Binds the functions to an executor and a schema. */
export function bindManagement(
  db: Executor,
  schema: string,
  registry: TaskRegistry,
): ManagementMethods<TaskRegistry> {
  const here = { schema };
  return {
    getJob: (id) => manage.getJob(db, id, here),
    listJobs: bindListJobs(db, schema, registry),
    removeJob: (jobKey) => manage.removeJob(db, jobKey, here),
    completeJobs: (ids) => manage.completeJobs(db, ids, here),
    permanentlyFailJobs: (ids, reason) => manage.permanentlyFailJobs(db, ids, reason, here),
    rescheduleJobs: async (ids, reschedule) =>
      manage.rescheduleJobs(db, ids, withSchema("rescheduleJobs", reschedule, schema)),
    retryJobs: (ids) => manage.retryJobs(db, ids, here),
    runJobsNow: (ids) => manage.runJobsNow(db, ids, here),
    listQueues: async (options = {}) =>
      manage.listQueues(db, withSchema("listQueues", options, schema)),
    listWorkers: () => manage.listWorkers(db, here),
    getStats: async (options = {}) => manage.getStats(db, withSchema("getStats", options, schema)),
    forceUnlockWorkers: (workerIds) => manage.forceUnlockWorkers(db, workerIds, here),
    cleanup: async (given) => {
      const options = withSchema("cleanup", given, schema);
      const { taskIdentifiersToKeep = Object.keys(registry) } = options;
      return manage.cleanup(db, { ...options, taskIdentifiersToKeep });
    },
    sweep: async (options = {}) => manage.sweep(db, withSchema("sweep", options, schema)),
    pauseTask: async (task, options = {}) =>
      manage.pauseTask(
        db,
        findTask(registry, task).identifier,
        withSchema("pauseTask", options, schema),
      ),
    resumeTask: async (task) => manage.resumeTask(db, findTask(registry, task).identifier, here),
    pauseQueue: async (queueName, options = {}) =>
      manage.pauseQueue(db, queueName, withSchema("pauseQueue", options, schema)),
    resumeQueue: (queueName) => manage.resumeQueue(db, queueName, here),
    listPauses: () => manage.listPauses(db, here),
  };
}

interface ListOptions extends ListAnyJobsOptions {
  readonly task?: string | readonly string[];
}

function bindListJobs(
  db: Executor,
  schema: string,
  registry: TaskRegistry,
): ListJobs<TaskRegistry> {
  return async (given?: ListOptions) => {
    const options = withSchema("listJobs", given === undefined ? {} : given, schema);
    const { task } = options;
    if (task !== undefined) checkOption("listJobs", "task", task, tasksRule);
    for (const each of [task ?? []].flat()) findTask(registry, each);
    return manage.listJobs(db, options);
  };
}

/** @throws TaskwrightError `OPTION_INVALID` for a schema that the client would have to leave for. */
function withSchema<Options extends object>(
  owner: string,
  given: Options,
  schema: string,
): Options & { readonly schema: string } {
  const options = copyOptions(owner, given);
  if (Object.hasOwn(options, "schema")) {
    refuseOption(owner, "schema", "given to createClient instead");
  }
  return { ...options, schema };
}
