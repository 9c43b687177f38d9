import { TaskwrightError } from "../errors.js";
import type { WorkerEvents } from "../events.js";
import { boolean, type Rules } from "../option-rules.js";
import { checkOptions } from "../options.js";
import {
  resolveRunOptions,
  resolveWorkerOptions,
  type ResolvedWorkerOptions,
  type WorkerOptions,
} from "./options.js";
import { handleSignals } from "./signals.js";
import { isMarkedThread } from "./thread/mark.js";
import { WorkerRoot, type RunSummary, type WorkMode } from "./worker.js";

/** How to stop a worker. */
export interface StopOptions {
  /** Don't wait for running jobs: abort them and give them back. Default false. */
  readonly force?: boolean;
}

const stopRules = { force: boolean().or(false) } satisfies Rules<StopOptions>;

/** A worker at work. `await using` stops it. */
export interface Worker extends AsyncDisposable {
  readonly id: string;
  /** Tells all that happens. */
  readonly events: Pick<WorkerEvents, "on" | "once">;
  /** Resolves when the worker has stopped. */
  readonly finished: Promise<void>;
  /**
   * Claims no more, gives back what hasn't started, waits `shutdownTimeoutMs` for running jobs, then
   * aborts their signal, and `abortGraceMs` later gives them back too. A second call joins the first;
   * with `force` it doesn't wait any longer. Resolves when nothing is left: with the database gone,
   * `settleTimeoutMs` after the last job at the latest, and `pool:fatalError` says what stays locked.
   * Rejects, and stops nothing, with `OPTION_UNKNOWN` or `OPTION_INVALID`.
   */
  stop(options?: StopOptions): Promise<void>;
}

/** A worker's options; `app` is required when handlers ask for one. */
export type StartOptions<App> = WorkerOptions<App> &
  (undefined extends App ? unknown : { readonly app: App });

/**
 * Starts a worker: brings the schema up to date, listens, polls, schedules recurring jobs and runs
 * what is due until it is stopped. It outlives a lost database; only the start itself needs one, or
 * waits for it `waitForDatabaseMs`.
 * @throws TaskwrightError `OPTION_UNKNOWN`, `OPTION_INVALID`, `CRONTAB_INVALID`,
 * `DATABASE_UNREACHABLE`, `DATABASE_READ_ONLY`, `SCHEMA_TOO_OLD`, `SCHEMA_TOO_NEW`
 */
export async function startWorker<App = undefined>(options: StartOptions<App>): Promise<Worker> {
  const resolved = resolveWorkerOptions<App>("startWorker", options);
  const root = await start(resolved, { kind: "continuous" });
  return {
    id: root.options.workerId,
    events: root.events,
    finished: root.finished,
    stop: async (given = {}) => {
      const { force } = checkOptions("worker.stop", given, stopRules);
      await root.stop("stop was called", force);
    },
    [Symbol.asyncDispose]: () => root.stop("it went out of scope"),
  };
}

/** A run's options. */
export type RunOnceOptions<App> = StartOptions<App> & {
  /**
   * Milliseconds, from the call on, after which nothing more is claimed. Jobs that run then have
   * `shutdownTimeoutMs` to end and, once aborted, `abortGraceMs`; the rest goes back. In a function
   * with a time limit the three should sum up to less than that, by what a start and a statement
   * take. Default: none.
   */
  readonly deadlineMs?: number;
};

/**
 * Runs what is due, jobs that wait in queues and jobs that become due meanwhile included, and
 * resolves when nothing is due any more (`endedBy: "drained"`), at its deadline, or when its `signal`
 * aborts. It doesn't wait for jobs that others hold, such as those of a queue whose job runs in
 * another worker: it tries to claim them for about a second and then ends (`"blocked"`). Paused jobs
 * don't count as due. Jobs that failed wait for their retry in the database. Recurring jobs are not
 * scheduled, as in graphile-worker: continuous workers do that.
 * @throws TaskwrightError as `startWorker`
 */
export async function runOnce<App = undefined>(given: RunOnceOptions<App>): Promise<RunSummary> {
  const startMs = performance.now();
  const { deadlineMs = Infinity, ...options } = resolveRunOptions<App>(given);
  const mode = { kind: "until-drained", deadlineMs: startMs + deadlineMs } as const;
  const root = await start(options, mode);
  await root.finished;
  return root.summary;
}

async function start<App>(
  options: ResolvedWorkerOptions<App>,
  mode: WorkMode,
): Promise<WorkerRoot<App>> {
  if (isMarkedThread()) {
    throw new TaskwrightError(
      "WORKER_STATE",
      "A worker was started in a thread of isolated tasks: the module of the option isolation.module starts one when it is imported. Move the handlers into a module of their own, which only exports them.",
    );
  }
  const root = new WorkerRoot(options, mode);
  await root.start();
  if (options.handleSignals) handleSignals(root);
  return root;
}
