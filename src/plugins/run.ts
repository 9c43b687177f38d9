import type { JobContext } from "../tasks/context.js";
import type { AnyTask } from "../tasks/task.js";
import { compose, type Chain, type Interceptor } from "./compose.js";
import type { Plugin } from "./plugin.js";

/** A job whose handler is about to be called. */
export interface RunRequest {
  readonly task: AnyTask;
  /** The validated payload, the very one that the handler gets. */
  readonly payload: unknown;
  /** The handler's own context. */
  readonly ctx: JobContext<unknown>;
}

/** Both complete the job; `"skipped"` says that the handler wasn't called. */
export type RunResult = "completed" | "skipped";

/**
 * Stands around the call of a handler, within the task's timeout. `next` settles as the handler does.
 * To complete the job without running it, return `"skipped"`; to fail the attempt, throw; to complete
 * a job whose handler failed, return `"completed"`.
 */
export type RunInterceptor = Interceptor<RunRequest, never, RunResult>;

export type RunChain = Chain<RunRequest, RunResult>;

/** The run interceptors of some plugins, as one. */
export function composeRun(plugins: readonly Plugin[]): RunChain | undefined {
  return compose<RunRequest, never, RunResult>(
    {
      step: "run",
      change: (request) => request,
      accepts: (result): result is RunResult => result === "completed" || result === "skipped",
      expected: `"completed", "skipped" or nothing`,
    },
    plugins.flatMap(({ name, run }) =>
      run === undefined ? [] : [{ plugin: name, intercept: run }],
    ),
  );
}
