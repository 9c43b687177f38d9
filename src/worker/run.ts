import { TaskwrightError, toError } from "../errors.js";
import { maxTimerMs } from "../options.js";
import type { RunChain, RunResult } from "../plugins/run.js";
import { BatchError, checkBatchResult } from "../tasks/batch.js";
import type { BoundTask } from "../tasks/handlers.js";
import { payloadError } from "../tasks/issues.js";
import { splitReserved, type SplitPayload } from "../tasks/reserved.js";
import { retryTimeOf } from "../tasks/retry.js";
import type { Executor } from "../database/executor.js";
import type { ClaimedJob } from "./claimed-job.js";
import { Completion, type CompletionOptions } from "./completion.js";
import { Context, type RunControl, type SharedContext } from "./context.js";
import type { IsolatedHandlers } from "./isolated-handlers.js";
import { completed, returned, skipped, type Outcome, type Unwritten } from "./outcome.js";

/** Why a run was aborted. */
export type AbortCause = "timeout" | "shutdown" | "lost" | "removed";

export interface RunOptions<App> {
  readonly shared: SharedContext<App>;
  /** What plugins put around the handler. */
  readonly chain: RunChain | undefined;
  readonly completion: CompletionOptions;
  /** Runs the handlers of isolated tasks. Without it they run here, as any other. */
  readonly isolation?: IsolatedHandlers | undefined;
  /** Milliseconds that an aborted handler has to end before it is given up. */
  readonly abortGraceMs: number;
  /** Told when a handler ends after it was given up, or fails after its job was completed. */
  readonly onLate: (job: ClaimedJob, error: Error | undefined) => void;
}

/**
 * One attempt at one job, from decoding its payload to its outcome:
 *
 *     decode -> validate -> handle -> (find out about completeIn) -> outcome
 *
 * The outcome always comes: within `abortGraceMs` of an abort, whatever the handler does. A handler
 * that was given up can't be killed unless it is isolated; it may still be at work while the job runs again elsewhere, and
 * what becomes of it changes nothing.
 */
export class Run<App> implements RunControl {
  readonly job: ClaimedJob;
  /** When the handler began, on the clock of `performance.now()`. */
  readonly startedAtMs: number;
  readonly #bound: BoundTask<App>;
  readonly #options: RunOptions<App>;
  #controller: AbortController | undefined;
  #abort: { readonly cause: AbortCause; readonly reason: TaskwrightError } | undefined;
  #timer: NodeJS.Timeout | undefined;
  #giveUp: (() => void) | undefined;
  #completion: Completion | undefined;
  /** Ends the thread of an isolated handler. */
  #kill: AbortController | undefined;
  #hasGivenUp = false;
  #isOver = false;

  constructor(
    job: ClaimedJob,
    bound: BoundTask<App>,
    options: RunOptions<App>,
    startedAtMs = performance.now(),
  ) {
    this.job = job;
    this.startedAtMs = startedAtMs;
    this.#bound = bound;
    this.#options = options;
  }

  /** Makes the attempt. Call it once, after the run was added to the list of running jobs. */
  async start(): Promise<Outcome | Unwritten> {
    const outcome = await this.#attempt();
    this.#isOver = true;
    this.#completion?.close();
    const settled = this.isCompleting ? await this.#reconcile(outcome) : outcome;
    clearTimeout(this.#timer);
    return settled;
  }

  /** Aborts the handler's signal and gives it `abortGraceMs` to end. The first cause counts. */
  abort(cause: AbortCause): void {
    if (this.#abort !== undefined) {
      // The handler has had its time already.
      if (cause === "shutdown" && this.#hasGivenUp) this.#completion?.giveUp();
      return;
    }
    const reason = abortReason(cause, this.job, this.#bound.task.timeoutMs);
    this.#abort = { cause, reason };
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.giveUp(), this.#options.abortGraceMs);
    this.#controller?.abort(reason);
  }

  /** Stops waiting for an aborted handler. */
  giveUp(): void {
    this.#hasGivenUp = true;
    this.#giveUp?.();
    this.#kill?.abort();
    if (this.#abort?.cause === "shutdown") this.#completion?.giveUp();
  }

  get signal(): AbortSignal {
    if (this.#controller === undefined) {
      this.#controller = new AbortController();
      if (this.#abort !== undefined) this.#controller.abort(this.#abort.reason);
    }
    return this.#controller.signal;
  }

  /** Whether a transaction of the handler's completes the job, or has done so. */
  get isCompleting(): boolean {
    return this.#completion?.isWritten ?? false;
  }

  completeIn(tx: Executor, isTransaction: boolean): Promise<void> {
    this.#completion ??= new Completion(this.job, this.#options.completion);
    if (this.#isOver) this.#completion.close();
    return this.#completion.completeIn(tx, isTransaction);
  }

  async #attempt(): Promise<Outcome> {
    try {
      const decoded = this.#decode();
      const payload = this.#validate(decoded);
      const result = await this.#handle(payload, decoded);
      return result === "skipped" ? skipped : completed;
    } catch (thrown) {
      return this.#failed(thrown);
    }
  }

  /** What the handler's transaction made of the job counts, whatever the handler itself did. */
  async #reconcile(outcome: Outcome): Promise<Outcome | Unwritten> {
    const result = (await this.#completion?.result()) ?? "undone";
    if (result === "undone") return outcome.kind === "completed" ? this.#rolledBack() : outcome;
    if (outcome.kind === "failed") this.#options.onLate(this.job, outcome.error);
    return { kind: result };
  }

  #rolledBack(): Outcome {
    const { id, task } = this.job;
    const error = new TaskwrightError(
      "COMPLETION_ROLLED_BACK",
      `The handler of task ${task} returned, but the transaction in which it completed its job was rolled back. Let the transaction's error reject.`,
      { jobId: id, task },
    );
    return { kind: "failed", error };
  }

  #decode(): SplitPayload {
    // The Rust crate's scheduler writes null for a crontab line without a payload.
    return splitReserved(this.job.decode() ?? {});
  }

  #validate({ payload }: SplitPayload): unknown {
    const { task } = this.#bound;
    const result = task.validateParsed(payload);
    if (!result.ok) throw payloadError(task.identifier, result.issues);
    return result.value;
  }

  /** Settles as the handler does, or rejects once it was given up. */
  #handle(payload: unknown, reserved: SplitPayload): Promise<RunResult> {
    const { shared, onLate } = this.#options;
    const context = new Context(shared, this.job, this, reserved);
    return new Promise((resolve, reject) => {
      let isGivenUp = false;
      this.#giveUp = () => {
        isGivenUp = true;
        reject(this.#abort?.reason ?? new Error("The handler was given up."));
      };
      if (this.#hasGivenUp) return this.#giveUp();
      this.#startTimeout();
      void this.#call(payload, context).then(
        (result) => (isGivenUp ? onLate(this.job, undefined) : resolve(result)),
        (thrown: unknown) => {
          if (isGivenUp) onLate(this.job, toError(thrown));
          else reject(thrown);
        },
      );
    });
  }

  #startTimeout(): void {
    const { timeoutMs } = this.#bound.task;
    if (timeoutMs === undefined || this.#abort !== undefined) return;
    const limit = Math.min(timeoutMs, maxTimerMs);
    this.#timer = setTimeout(() => this.abort("timeout"), limit);
  }

  /** Calls the handler through its plugins; either may throw before it returns a promise. */
  async #call(payload: unknown, ctx: Context<App, unknown>): Promise<RunResult> {
    const { handler, task } = this.#bound;
    const { chain, isolation } = this.#options;
    const call = async (): Promise<RunResult> => {
      if (task.isolate && isolation !== undefined) {
        await this.#callIsolated(payload, ctx, isolation);
        return "completed";
      }
      // Counted before the handler may change its array.
      const count = task.batch === undefined ? undefined : (payload as unknown[]).length;
      const result: unknown = await handler(payload, ctx);
      if (count !== undefined) await checkBatchResult(task.identifier, count, result);
      return "completed";
    };
    return chain === undefined ? call() : chain({ task, payload, ctx }, call);
  }

  /** While the job waits for a thread its timeout stands still; it begins anew with the handler. */
  #callIsolated(
    payload: unknown,
    ctx: Context<App, unknown>,
    isolation: IsolatedHandlers,
  ): Promise<void> {
    this.#kill = new AbortController();
    if (this.#hasGivenUp) this.#kill.abort();
    return isolation.run({
      payload,
      ctx,
      control: this,
      killed: this.#kill.signal,
      onWaiting: () => {
        if (this.#abort === undefined) clearTimeout(this.#timer);
      },
      onStarted: () => {
        if (!this.#isOver) this.#startTimeout();
      },
    });
  }

  #failed(thrown: unknown): Outcome {
    const error = toError(thrown);
    const left = this.#leftItems(thrown);
    const retry = retryTimeOf(thrown);
    if (this.#abort === undefined) return { kind: "failed", error, retry, ...left };
    const { cause, reason } = this.#abort;
    if (cause === "shutdown" || cause === "lost") return { ...returned, ...left };
    if (error === reason) return { kind: "failed", error };
    const { code, message, details } = reason;
    return {
      kind: "failed",
      error: new TaskwrightError(code, message, details, { cause: error }),
      retry,
      ...left,
    };
  }

  /** The failed items as they were stored: the handler's copy has defaults, and is the handler's. */
  #leftItems(thrown: unknown): { readonly items?: string } {
    if (!BatchError.is(thrown) || this.#bound.task.batch === undefined) return {};
    const items = this.job.itemTexts();
    const failed = thrown.failed.flatMap((index) => items[index] ?? []);
    return failed.length === 0 ? {} : { items: `[${failed.join()}]` };
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
      return new TaskwrightError("JOB_ABORTED", "The worker no longer holds the job.", details);
    case "removed":
      return new TaskwrightError("JOB_ABORTED", "The job was removed through its key.", details);
  }
}
