import type { WorkerEvents } from "../events.js";
import type { Job } from "../jobs/job.js";
import type { Logger } from "../log.js";

/** Writes what happens to a log. A listener like any other; applications may add their own. */
export function logEvents(events: WorkerEvents, logger: Logger): void {
  logLife(events, logger);
  logConnections(events, logger);
  logRecovery(events, logger);
  logThreads(events, logger);
  logSchedules(events, logger);
  logJobs(events, logger);
}

function logLife(events: WorkerEvents, logger: Logger): void {
  events.on("pool:create", ({ workerId }) => logger.info("Worker starts.", { workerId }));
  events.on("migrate:warning", ({ workerId, message }) => logger.warn(message, { workerId }));
  events.on("access:warning", ({ workerId, message, tables }) =>
    logger.warn(message, { workerId, tables }),
  );
  events.on("pool:gracefulShutdown", ({ workerId, message }) =>
    logger.info(`Worker stops: ${message}`, { workerId }),
  );
  events.on("pool:forcefulShutdown", ({ workerId, message }) =>
    logger.warn(`Worker stops at once: ${message}`, { workerId }),
  );
  events.on("pool:release", ({ workerId }) => logger.info("Worker has stopped.", { workerId }));
  events.on("pool:fatalError", ({ workerId, action, error, jobs }) =>
    logger.error(`Could not ${action}; jobs stay locked until a sweep.`, {
      workerId,
      error,
      jobIds: jobs.map(({ id }) => id),
    }),
  );
}

function logConnections(events: WorkerEvents, logger: Logger): void {
  events.on("pool:listen:success", ({ workerId }) =>
    logger.debug("Listens for new jobs.", { workerId }),
  );
  events.on("pool:listen:error", ({ workerId, error }) =>
    logger.warn("Listening failed; polls meanwhile.", { workerId, error }),
  );
  events.on("pool:prepared:lost", ({ workerId, error }) =>
    logger.warn(
      "A prepared statement was lost, as behind a pooler in transaction mode such as PgBouncer. The worker goes on without prepared statements and polls instead of listening. Set preparedStatements and listen to false, or connect to PostgreSQL directly.",
      { workerId, error },
    ),
  );
  events.on("worker:getJob:error", ({ workerId, error, retryInMs }) =>
    logger.error("Could not claim jobs.", { workerId, error, retryInMs }),
  );
  events.on("settle:error", ({ workerId, error, count, retryInMs, refused }) => {
    if (refused.length === 0) {
      logger.error("Could not write results.", { workerId, error, count, retryInMs });
      return;
    }
    const jobIds = refused.map(({ id }) => id);
    logger.error("The database refused a result.", { workerId, error, jobIds });
  });
  events.on("starts:error", ({ workerId, error, count, retryInMs }) =>
    logger.error("Could not mark jobs as started; they are given back.", {
      workerId,
      error,
      count,
      retryInMs,
    }),
  );
  events.on("localQueue:returnJobs", ({ workerId, count }) =>
    logger.debug("Gave back jobs that had not started.", { workerId, count }),
  );
}

function logRecovery(events: WorkerEvents, logger: Logger): void {
  events.on("heartbeat:error", ({ workerId, error }) =>
    logger.warn("Heartbeat failed; if this continues, other workers declare this one dead.", {
      workerId,
      error,
    }),
  );
  events.on("heartbeat:lost", ({ workerId }) =>
    logger.warn("Worker was declared dead; its jobs may run elsewhere.", { workerId }),
  );
  events.on("sweep:complete", ({ workerId, ...found }) => {
    logger.info("Recovered the jobs of dead workers.", { workerId, ...found });
    // No handler threw, so "job:failed" doesn't tell of these.
    const jobIds = found.failedJobIds;
    if (jobIds.length === 0) return;
    logger.error("Jobs failed for the last time: their workers died while they ran them.", {
      workerId,
      jobIds,
    });
  });
  events.on("sweep:error", ({ workerId, error }) =>
    logger.error("Could not recover the jobs of dead workers.", { workerId, error }),
  );
}

function logThreads(events: WorkerEvents, logger: Logger): void {
  events.on("thread:error", ({ workerId, error }) =>
    logger.error("A thread of isolated tasks ended by an error.", { workerId, error }),
  );
  events.on("eventLoop:blocked", ({ workerId, blockedMs, jobs, endangersWorker }) => {
    const tasks = [...new Set(jobs.map(({ task }) => task))];
    const danger = endangersWorker
      ? " If the event loop is blocked for longer, other workers declare this one dead and run its jobs again."
      : "";
    const advice =
      tasks.length === 0
        ? "No long-running job ran meanwhile: look for other code in this process, or for many short handlers in a row."
        : `These tasks ran meanwhile: ${tasks.join(", ")}. If one of them computes for long, set "isolate": true in its x-task.`;
    logger.warn(`The event loop was blocked for ${blockedMs} ms. ${advice}${danger}`, {
      workerId,
      blockedMs,
      tasks,
      jobIds: jobs.map(({ id }) => id),
    });
  });
}

function logSchedules(events: WorkerEvents, logger: Logger): void {
  events.on("cron:started", ({ workerId, ids }) =>
    logger.info("Schedules recurring jobs.", { workerId, ids }),
  );
  events.on("cron:scheduled", ({ workerId, ticks }) => {
    for (const { id, task, ts, backfilled, jobId } of ticks) {
      logger.debug("Recurring job was added.", { workerId, id, task, ts, backfilled, jobId });
    }
  });
  events.on("cron:overdueTimer", ({ workerId, expected, now }) =>
    logger.warn("Recurring jobs are late; makes up for all that was due.", {
      workerId,
      expected,
      now,
    }),
  );
  events.on("cron:prematureTimer", ({ workerId, expected, now }) =>
    logger.warn("The clock went back; waits for times that it hasn't shown.", {
      workerId,
      expected,
      now,
    }),
  );
  events.on("cron:error", ({ workerId, error, attempts, retryInMs, refused }) => {
    const details = refused.length === 0 ? { attempts, retryInMs } : { refused };
    logger.error("Could not add recurring jobs.", { workerId, error, ...details });
  });
}

function logJobs(events: WorkerEvents, logger: Logger): void {
  events.on("job:start", ({ job }) => logger.debug("Job starts.", describe(job)));
  events.on("job:success", ({ job }) => logger.debug("Job succeeded.", describe(job)));
  events.on("job:skipped", ({ job }) => logger.debug("Job was skipped.", describe(job)));
  events.on("plugin:error", ({ job, error }) =>
    logger.error("A plugin failed to settle a job; it is settled without.", {
      ...describe(job),
      error,
    }),
  );
  events.on("job:error", ({ job, error }) =>
    logger.warn("Job failed.", { ...describe(job), error }),
  );
  events.on("job:failed", ({ job, error }) =>
    logger.error("Job failed for the last time.", { ...describe(job), error }),
  );
  events.on("job:interrupted", ({ job }) => logger.warn("Job was interrupted.", describe(job)));
  events.on("job:lost", ({ job }) =>
    logger.warn("Job was not this worker's any more; its result is dropped.", describe(job)),
  );
  events.on("job:late", ({ job, error }) =>
    logger.warn("Handler ended after it was given up.", { ...describe(job), error }),
  );
}

function describe({ id, task, attempts, maxAttempts }: Job): Readonly<Record<string, unknown>> {
  return { jobId: id, task, attempts, maxAttempts };
}
