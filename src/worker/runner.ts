import type { WorkerEvents } from "../events.js";
import type { HandlerSet } from "../tasks/handlers.js";
import type { ClaimedJob } from "./claimed-job.js";
import type { SharedContext } from "./context.js";
import type { Outcome, Settlement } from "./outcome.js";
import { Run, type AbortCause, type RunOptions } from "./run.js";
import { Lifecycle, type Service } from "./service.js";

export interface RunnerOptions<App> {
  readonly handlers: HandlerSet<App>;
  readonly shared: SharedContext<App>;
  readonly concurrency: number;
  /** Milliseconds that a stop waits before it aborts what runs. */
  readonly shutdownTimeoutMs: number;
  readonly abortGraceMs: number;
  readonly events: WorkerEvents;
  /** Gives the next job, if there is one. */
  readonly take: () => ClaimedJob | undefined;
  readonly onStarted: (job: ClaimedJob) => void;
  readonly onFinished: (handlerMs: number) => void;
  readonly settle: (settlement: Settlement) => void;
}

/** Runs jobs in a fixed number of slots. */
export class Runner<App> implements Service {
  readonly #options: RunnerOptions<App>;
  readonly #runOptions: RunOptions<App>;
  readonly #lifecycle = new Lifecycle();
  readonly #running = new Set<Run<App>>();
  #onIdle: (() => void) | undefined;

  constructor(options: RunnerOptions<App>) {
    this.#options = options;
    const { shared, abortGraceMs, events } = options;
    this.#runOptions = {
      shared,
      abortGraceMs,
      onLate: (job, error) => events.emit("job:late", () => ({ job: job.job, error })),
    };
  }

  get running(): number {
    return this.#running.size;
  }

  /** How many more jobs could run now. */
  get free(): number {
    return this.#options.concurrency - this.#running.size;
  }

  jobs(): ClaimedJob[] {
    return [...this.#running].map(({ job }) => job);
  }

  start(): void {
    if (this.#lifecycle.start()) this.fill();
  }

  /** Waits for what runs; past `shutdownTimeoutMs` it aborts, and past `abortGraceMs` it gives up. */
  stop(): Promise<void> {
    return this.#lifecycle.stop(async () => {
      if (this.#running.size === 0) return;
      const timer = setTimeout(() => this.abort("shutdown"), this.#options.shutdownTimeoutMs);
      await new Promise<void>((resolve) => {
        this.#onIdle = resolve;
      });
      clearTimeout(timer);
    });
  }

  /** Starts jobs until no slot is free or no job is there. */
  fill(): void {
    while (this.#lifecycle.isStarted && this.free > 0) {
      const job = this.#options.take();
      if (job === undefined) return;
      if (!job.isLost) void this.#run(job);
    }
  }

  /** Aborts the running ones of the given jobs. */
  abort(cause: AbortCause, jobs: readonly ClaimedJob[] = this.jobs()): void {
    for (const run of this.#running) if (jobs.includes(run.job)) run.abort(cause);
  }

  /** Aborts every running job and doesn't wait for the handlers. */
  giveUp(): void {
    for (const run of this.#running) {
      run.abort("shutdown");
      run.giveUp();
    }
  }

  async #run(job: ClaimedJob): Promise<void> {
    const { handlers, events, onStarted, onFinished, settle } = this.#options;
    const bound = handlers.tasks.get(job.task);
    // Only jobs of the given tasks are claimed.
    if (bound === undefined) throw new Error(`There is no handler for task ${job.task}.`);
    onStarted(job);
    events.emit("job:start", () => ({ job: job.job }));
    const startMs = performance.now();
    const run = new Run(job, bound, this.#runOptions);
    this.#running.add(run);
    const outcome = await run.outcome;
    this.#running.delete(run);
    onFinished(performance.now() - startMs);
    this.#announce(job, outcome);
    settle({ job, outcome });
    this.fill();
    if (this.#running.size === 0) this.#onIdle?.();
  }

  #announce(job: ClaimedJob, outcome: Outcome): void {
    const { events } = this.#options;
    switch (outcome.kind) {
      case "completed":
        events.emit("job:success", () => ({ job: job.job }));
        break;
      case "returned":
        events.emit("job:interrupted", () => ({ job: job.job }));
        break;
      case "failed": {
        const { error } = outcome;
        events.emit("job:error", () => ({ job: job.job, error }));
        if (job.isLastAttempt) events.emit("job:failed", () => ({ job: job.job, error }));
        break;
      }
    }
  }
}
