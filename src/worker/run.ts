import { TaskwrightError, toError } from "../errors.js";
import type { RunChain, RunResult } from "../plugins/run.js";
import type { BoundTask } from "../tasks/handlers.js";
import { payloadError } from "../tasks/issues.js";
import { splitReserved, type SplitPayload } from "../tasks/reserved.js";
import type { ClaimedJob } from "./claimed-job.js";
import { Context, type SharedContext } from "./context.js";
import { completed, returned, skipped, type Outcome } from "./outcome.js";

/** JavaScript's timers fire at once when asked for more. */
const maxDelayMs = 2 ** 31 - 1;

/** Why a run was told to stop. */
export type AbortCause = "timeout" | "shutdown" | "lost";

export interface RunOptions<App> {
  readonly shared: SharedContext<App>;
  /** What plugins put around the handler. */
  readonly chain: RunChain | undefined;
  /** Milliseconds that an aborted handler has to end before it is given up. */
  readonly abortGraceMs: number;
  /** Told when a handler ends after it was given up. */
  readonly onLate: (job: ClaimedJob, error: Error | undefined) => void;
}

/**
 * One attempt at one job, from decoding its payload to its outcome:
 *
 *     decode -> validate -> handle -> outcome
 *
 * The outcome always comes: within `abortGraceMs` of an abort, whatever the handler does. A handler
 * that was given up can't be killed; it may still be at work while the job runs again elsewhere, and
 * what becomes of it changes nothing.
 */
export class Run<App> {
  readonly job: ClaimedJob;
  readonly outcome: Promise<Outcome>;
  readonly #bound: BoundTask<App>;
  readonly #options: RunOptions<App>;
  #controller: AbortController | undefined;
  #abort: { readonly cause: AbortCause; readonly reason: TaskwrightError } | undefined;
  #timer: NodeJS.Timeout | undefined;
  #giveUp: (() => void) | undefined;

  constructor(job: ClaimedJob, bound: BoundTask<App>, options: RunOptions<App>) {
    this.job = job;
    this.#bound = bound;
    this.#options = options;
    this.outcome = this.#run();
  }

  /** Aborts the handler's signal and gives it `abortGraceMs` to end. The first cause counts. */
  abort(cause: AbortCause): void {
    if (this.#abort !== undefined) return;
    const reason = abortReason(cause, this.job, this.#bound.task.timeoutMs);
    this.#abort = { cause, reason };
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.giveUp(), this.#options.abortGraceMs);
    this.#controller?.abort(reason);
  }

  /** Stops waiting for an aborted handler. */
  giveUp(): void {
    this.#giveUp?.();
  }

  async #run(): Promise<Outcome> {
    try {
      const decoded = this.#decode();
      const payload = this.#validate(decoded);
      const result = await this.#handle(payload, decoded);
      return result === "skipped" ? skipped : completed;
    } catch (thrown) {
      return this.#failed(toError(thrown));
    } finally {
      clearTimeout(this.#timer);
    }
  }

  #decode(): SplitPayload {
    return splitReserved(this.job.decode());
  }

  #validate({ payload }: SplitPayload): unknown {
    const { task } = this.#bound;
    const result = task.validateParsed(payload);
    if (!result.ok) throw payloadError(task.identifier, result.issues);
    return result.value;
  }

  /** Settles as the handler does, or rejects once it was given up. */
  #handle(payload: unknown, reserved: SplitPayload): Promise<RunResult> {
    const { task } = this.#bound;
    const { shared, onLate } = this.#options;
    const context = new Context(shared, this.job, () => this.#signal(), reserved);
    return new Promise((resolve, reject) => {
      let isGivenUp = false;
      this.#giveUp = () => {
        isGivenUp = true;
        reject(this.#abort?.reason ?? new Error("The handler was given up."));
      };
      if (task.timeoutMs !== undefined) {
        const limit = Math.min(task.timeoutMs, maxDelayMs);
        this.#timer = setTimeout(() => this.abort("timeout"), limit);
      }
      void this.#call(payload, context).then(
        (result) => (isGivenUp ? onLate(this.job, undefined) : resolve(result)),
        (thrown: unknown) => {
          const error = toError(thrown);
          if (isGivenUp) onLate(this.job, error);
          else reject(error);
        },
      );
    });
  }

  /** Calls the handler through its plugins; either may throw before it returns a promise. */
  async #call(payload: unknown, ctx: Context<App, unknown>): Promise<RunResult> {
    const { handler, task } = this.#bound;
    const { chain } = this.#options;
    const call = async (): Promise<RunResult> => {
      await handler(payload, ctx);
      return "completed";
    };
    return chain === undefined ? call() : chain({ task, payload, ctx }, call);
  }

  #failed(error: Error): Outcome {
    if (this.#abort === undefined) return { kind: "failed", error };
    const { cause, reason } = this.#abort;
    if (cause !== "timeout") return returned;
    if (error === reason) return { kind: "failed", error };
    return {
      kind: "failed",
      error: new TaskwrightError(reason.code, reason.message, reason.details, { cause: error }),
    };
  }

  #signal(): AbortSignal {
    if (this.#controller === undefined) {
      this.#controller = new AbortController();
      if (this.#abort !== undefined) this.#controller.abort(this.#abort.reason);
    }
    return this.#controller.signal;
  }
}

function abortReason(
  cause: AbortCause,
  { id, task }: ClaimedJob,
  timeoutMs: number | undefined,
): TaskwrightError {
  const details = { jobId: id, task, cause };
  switch (cause) {
    case "timeout":
      return new TaskwrightError(
        "JOB_TIMEOUT",
        `Task ${task} took longer than its timeout of ${timeoutMs} ms.`,
        { ...details, timeoutMs },
      );
    case "shutdown":
      return new TaskwrightError("JOB_ABORTED", "The worker is shutting down.", details);
    case "lost":
      return new TaskwrightError("JOB_ABORTED", "The worker holds the job no more.", details);
  }
}
