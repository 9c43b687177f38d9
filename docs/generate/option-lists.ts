/** Options that belong together: those of an interface, and what graphile-worker 0.18 calls them. */
export interface OptionList {
  readonly title: string;
  readonly about: string;
  /** Where the interface is declared. */
  readonly file: string;
  readonly interface: string;
  /** By option; one that graphile-worker has nothing for is left out. */
  readonly peerNames: Readonly<Record<string, string>>;
  /** Whose names these are. Default: graphile-worker's. */
  readonly peer?: string;
}

const jobOptions = {
  runAt: "runAt",
  priority: "priority",
  queueName: "queueName",
  maxAttempts: "maxAttempts",
  jobKey: "jobKey",
  jobKeyMode: "jobKeyMode",
  flags: "flags",
} as const;

/** Every list of options that the page has, in its order. */
export const optionLists: readonly OptionList[] = [
  {
    title: "Jobs",
    about:
      "The last argument of every `add…` function. `x-task` has [the same and more](tasks.md#the-tasks-defaults-x-task).",
    file: "src/tasks/spec.ts",
    interface: "TaskSpec",
    peerNames: jobOptions,
  },
  {
    title: "`startWorker`, `runOnce`",
    about:
      "See [operations](operations.md), [recurring jobs](cron.md) and [recovery](recovery.md).",
    file: "src/worker/options.ts",
    interface: "WorkerOptions",
    peerNames: {
      connectionString: "connectionString",
      pool: "pgPool",
      maxPoolSize: "maxPoolSize",
      schema: "schema",
      handlers: "taskList",
      workerId: "workerId",
      concurrency: "concurrency, concurrentJobs",
      pollIntervalMs: "pollInterval",
      preparedStatements: "preparedStatements, noPreparedStatements",
      forbiddenFlags: "forbiddenFlags",
      bufferSize: "localQueue.size",
      bufferTimeoutMs: "localQueue.ttl",
      shutdownTimeoutMs: "gracefulShutdownAbortTimeout",
      logger: "logger",
      signal: "abortSignal",
      handleSignals: "noHandleSignals, the other way round",
      on: "events",
      plugins: "plugins",
      crontab: "crontab",
      cronEntries: "parsedCronItems",
    },
  },
  {
    title: "`runOnce` alone",
    about: "",
    file: "src/worker/start.ts",
    interface: "RunOnceOptions",
    peerNames: {},
  },
  {
    title: "`isolation`",
    about: "An option of workers. See [handlers that compute](handlers.md#handlers-that-compute).",
    file: "src/isolation/options.ts",
    interface: "IsolationOptions",
    peerNames: {},
  },
  {
    title: "`recovery`",
    about: "An option of workers; `sweep` takes some of them. See [recovery](recovery.md).",
    file: "src/recovery/options.ts",
    interface: "RecoveryOptions",
    peer: "the Rust crate's",
    peerNames: {
      heartbeatIntervalMs: "heartbeat_interval",
      sweepIntervalMs: "sweep_interval",
      sweepThresholdMs: "sweep_threshold",
      recoveryDelayMs: "recovery_delay",
      resilientFlags: "resilient_job_flags",
      resilientMultiplier: "resilient_sweep_threshold_multiplier",
    },
  },
  {
    title: "`taskLimits`",
    about: "An option of workers, by task. See [limits](operations.md#limits).",
    file: "src/worker/limits.ts",
    interface: "TaskLimit",
    peerNames: {},
  },
  {
    title: "Plugins",
    about: "See [events and plugins](events-and-plugins.md).",
    file: "src/plugins/plugin.ts",
    interface: "Plugin",
    peerNames: {},
  },
  {
    title: "`createClient`",
    about: "See [a client](enqueueing.md#a-client).",
    file: "src/client/options.ts",
    interface: "ClientOptions",
    peerNames: {
      connectionString: "connectionString",
      pool: "pgPool",
      maxPoolSize: "maxPoolSize",
      schema: "schema",
      preparedStatements: "preparedStatements, noPreparedStatements",
      plugins: "plugins",
    },
  },
  {
    title: "`enqueueBulk`, `client.addBulk`",
    about: "See [a great many jobs](enqueueing.md#a-great-many-jobs).",
    file: "src/jobs/bulk-options.ts",
    interface: "BulkOptions",
    peerNames: {},
  },
  {
    title: "Cron entries",
    about:
      "What `cron.daily` and its kin take beside the time, and what an entry of `cronEntries` may have. Crontabs have [names of their own](cron.md#in-a-crontab).",
    file: "src/cron/entry.ts",
    interface: "CronEntry",
    peerNames: {
      task: "task",
      schedule: "match",
      id: "identifier",
      payload: "payload",
      backfillMs: "backfillPeriod",
      priority: "priority",
      queueName: "queueName",
      maxAttempts: "maxAttempts",
      jobKey: "jobKey",
      jobKeyMode: "jobKeyMode",
    },
  },
  {
    title: "`migrate`",
    about: "See [the schema](operations.md#the-schema).",
    file: "src/migrate/migrate.ts",
    interface: "MigrateOptions",
    peerNames: { connectionString: "connectionString", pool: "pgPool", schema: "schema" },
  },
  {
    title: "`grantRole` and `revokeRole`",
    about: "See [roles](roles.md).",
    file: "src/migrate/roles.ts",
    interface: "GrantOptions",
    peerNames: {},
  },
  {
    title: "`listJobs`",
    about: "See [look at jobs](operations.md#look-at-jobs-and-change-them).",
    file: "src/manage/list-jobs.ts",
    interface: "ListJobsOptions",
    peerNames: {},
  },
  {
    title: "`listQueues`",
    about: "",
    file: "src/manage/queues.ts",
    interface: "ListQueuesOptions",
    peerNames: {},
  },
  {
    title: "`rescheduleJobs`",
    about: "",
    file: "src/manage/change-jobs.ts",
    interface: "RescheduleOptions",
    peerNames: {
      runAt: "runAt",
      priority: "priority",
      attempts: "attempts",
      maxAttempts: "maxAttempts",
    },
  },
  {
    title: "`getStats`",
    about: "",
    file: "src/manage/stats.ts",
    interface: "StatsOptions",
    peerNames: {},
  },
  {
    title: "`cleanup`",
    about: "See [clean up](operations.md#clean-up).",
    file: "src/manage/cleanup.ts",
    interface: "CleanupOptions",
    peerNames: { tasks: "tasks", taskIdentifiersToKeep: "taskIdentifiersToKeep" },
  },
  {
    title: "`pauseTask`, `pauseQueue`",
    about: "",
    file: "src/manage/pauses.ts",
    interface: "PauseOptions",
    peerNames: {},
  },
  {
    title: "`listCronEntries`",
    about: "",
    file: "src/cron/list.ts",
    interface: "ListCronOptions",
    peerNames: {},
  },
  {
    title: "`comingTicks`",
    about: "",
    file: "src/cron/list.ts",
    interface: "ComingTicksOptions",
    peerNames: {},
  },
  {
    title: "`runHandler`",
    about: "See [testing](testing.md).",
    file: "src/testing/run-handler.ts",
    interface: "RunHandlerOptions",
    peerNames: {},
  },
  {
    title: "`assertEnqueued`",
    about: "",
    file: "src/testing/enqueued.ts",
    interface: "AssertEnqueuedOptions",
    peerNames: {},
  },
  {
    title: "`waitForJob`",
    about: "",
    file: "src/testing/wait.ts",
    interface: "WaitForJobOptions",
    peerNames: {},
  },
  {
    title: "`taskwright.config.json`",
    about: "The config file of the command line.",
    file: "src/config.ts",
    interface: "TaskwrightConfig",
    peerNames: { connectionString: "connectionString", schema: "schema" },
  },
];
