import type { Job } from "../jobs/job.js";
import type { TaskSpec } from "../tasks/spec.js";
import type { AnyTask } from "../tasks/task.js";
import { compose, type Chain, type Interceptor } from "./compose.js";
import type { Plugin } from "./plugin.js";

/**
 * A job that is about to be added, before it is validated. A batch task's items have been split into
 * jobs already.
 */
export interface EnqueueRequest {
  readonly task: AnyTask;
  /** As the caller gave it: don't change it, give `next` another. */
  readonly payload: unknown;
  /** What the caller asked for; the task's defaults, `task.spec(payload)`, come below it. */
  readonly spec: TaskSpec;
}

/** What takes the place of the caller's payload or spec; the result is validated as usual. */
export type EnqueueChange = Partial<Pick<EnqueueRequest, "payload" | "spec">>;

/** The job as it was added, or that it wasn't. */
export type EnqueueResult = Job | "skipped";

/**
 * Stands around the adding of one job. To change it, call `next({ payload, spec })`; to leave it out,
 * return `"skipped"`, and the caller gets undefined in its place; to refuse it, throw.
 *
 * Jobs that are added together are added together still: `next` resolves when all of them have been
 * through their interceptors and are in the database, and rejects if one of them was refused. An error
 * that is thrown after that doesn't take the jobs back, unless a transaction does.
 */
export type EnqueueInterceptor = Interceptor<EnqueueRequest, EnqueueChange, EnqueueResult>;

export type EnqueueChain = Chain<EnqueueRequest, EnqueueResult>;

/** The enqueue interceptors of some plugins, as one. */
export function composeEnqueue(plugins: readonly Plugin[]): EnqueueChain | undefined {
  return compose<EnqueueRequest, EnqueueChange, EnqueueResult>(
    {
      step: "enqueue",
      change: (request, change) => ({ ...request, ...change }),
      // Whoever asked is told what happened: only a job that was added, and "skipped" only if none was.
      accepts: (result, inner): result is EnqueueResult =>
        result === inner || (result === "skipped" && inner === undefined),
      expected: `the job that next resolved to, or "skipped" without adding one`,
    },
    plugins.flatMap(({ name, enqueue }) =>
      enqueue === undefined ? [] : [{ plugin: name, intercept: enqueue }],
    ),
  );
}
