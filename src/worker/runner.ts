import type { WorkerEvents } from "../events.js";
import type { RunChain } from "../plugins/run.js";
import type { SettleChain } from "../plugins/settle.js";
import type { HandlerSet } from "../tasks/handlers.js";
import type { ClaimedJob } from "./claimed-job.js";
import type { CompletionOptions } from "./completion.js";
import type { SharedContext } from "./context.js";
import { decide } from "./decide.js";
import type { IsolatedHandlers } from "./isolated-handlers.js";
import type { Outcome, Settlement, Unwritten } from "./outcome.js";
import { Run, type AbortCause, type RunOptions } from "./run.js";
import { Moment } from "../services/moment.js";
import { Patience } from "../services/patience.js";
import { Lifecycle, type Service } from "../services/service.js";

export interface RunnerOptions<App> {
  readonly handlers: HandlerSet<App>;
  readonly shared: SharedContext<App>;
  readonly completion: CompletionOptions;
  /** Runs the handlers of isolated tasks. */
  readonly isolation: IsolatedHandlers | undefined;
  readonly concurrency: number;
  /** Milliseconds that a stop waits before it aborts what runs. */
  readonly shutdownTimeoutMs: number;
  readonly abortGraceMs: number;
  readonly events: WorkerEvents;
  /** Whether a job waits for a slot. */
  readonly hasNext: () => boolean;
  /** Gives the next job, unless none may start. */
  readonly take: (now: Moment) => ClaimedJob | undefined;
  /** Asked of each job that is to start: true when it must wait until `begin` is called for it. */
  readonly mustWait: (job: ClaimedJob) => boolean;
  /** Takes jobs that must not start any more. */
  readonly giveBack: (jobs: readonly ClaimedJob[]) => void;
  /** The time is on the clock of `performance.now()`. */
  readonly onStarted: (job: ClaimedJob, startedAtMs: number) => void;
  readonly onFinished: (job: ClaimedJob, handlerMs: number, isCompleted: boolean) => void;
  /** What plugins put around a handler. */
  readonly runChain: RunChain | undefined;
  /** What plugins put around a result. */
  readonly settleChain: SettleChain | undefined;
  readonly settle: (settlement: Settlement) => void;
  /** Told of a job that its handler's own transaction completed. */
  readonly onCommitted: (job: ClaimedJob) => void;
}

/** Runs jobs in a fixed number of slots. */
export class Runner<App> implements Service {
  readonly #options: RunnerOptions<App>;
  readonly #runOptions: RunOptions<App>;
  readonly #lifecycle = new Lifecycle();
  readonly #running = new Set<Run<App>>();
  /** Jobs that have a slot and wait for `begin`. */
  readonly #starting = new Set<ClaimedJob>();
  /** Jobs that have run and are with the plugins. */
  readonly #deciding = new Set<ClaimedJob>();
  /** How long a stop waits for plugins. */
  readonly #patience = new Patience();
  #onIdle: (() => void) | undefined;

  constructor(options: RunnerOptions<App>) {
    this.#options = options;
    const { shared, completion, isolation, abortGraceMs, events, runChain: chain } = options;
    this.#runOptions = {
      shared,
      chain,
      completion,
      isolation,
      abortGraceMs,
      onLate: (job, error) => events.emit("job:late", () => ({ job: job.job, error })),
    };
  }

  get running(): number {
    return this.#running.size + this.#deciding.size + this.#starting.size;
  }

  /** How many more jobs could run now. */
  get free(): number {
    return this.#options.concurrency - this.running;
  }

  jobs(): ClaimedJob[] {
    return [...Array.from(this.#running, ({ job }) => job), ...this.#deciding, ...this.#starting];
  }

  /** The jobs whose handlers have begun and not ended. */
  runs(): Iterable<Run<App>> {
    return this.#running;
  }

  start(): void {
    if (this.#lifecycle.start()) this.fill();
  }

  /** Waits for what runs; past `shutdownTimeoutMs` it aborts, and past `abortGraceMs` it gives up. */
  stop(): Promise<void> {
    return this.#lifecycle.stop(async () => {
      const withdrawn = this.withdraw(() => true);
      if (withdrawn.length > 0) this.#options.giveBack(withdrawn);
      if (this.running === 0) return;
      const { shutdownTimeoutMs, abortGraceMs } = this.#options;
      let timer = setTimeout(() => {
        this.abort("shutdown");
        timer = setTimeout(() => this.#patience.end(), abortGraceMs);
      }, shutdownTimeoutMs);
      await new Promise<void>((resolve) => {
        this.#onIdle = resolve;
      });
      clearTimeout(timer);
    });
  }

  /** Starts jobs until no slot is free or no job is there. */
  fill(): void {
    const { hasNext, take, mustWait } = this.#options;
    while (this.#lifecycle.isStarted && this.free > 0 && hasNext()) {
      // The clocks are read once for each start.
      const now = new Moment();
      const job = take(now);
      if (job === undefined) return;
      if (job.isLost) continue;
      if (mustWait(job)) this.#starting.add(job);
      else void this.#run(job, now.atMs);
    }
  }

  /** Starts those of the jobs that still wait for it. */
  begin(jobs: readonly ClaimedJob[]): void {
    for (const job of jobs) if (this.#starting.delete(job)) void this.#run(job, performance.now());
  }

  /** Takes out jobs that wait for `begin`: they must not start. */
  withdraw(isMeant: (job: ClaimedJob) => boolean): ClaimedJob[] {
    const jobs = [...this.#starting].filter(isMeant);
    for (const job of jobs) this.#starting.delete(job);
    return jobs;
  }

  /** Aborts the running ones of the given jobs. */
  abort(cause: AbortCause, jobs: readonly ClaimedJob[] = this.jobs()): void {
    for (const run of this.#running) if (jobs.includes(run.job)) run.abort(cause);
  }

  /** The jobs that run, or are to, and that no transaction of their handler's completes. */
  uncompleted(): ClaimedJob[] {
    const running = [...this.#running].filter((run) => !run.isCompleting).map(({ job }) => job);
    return [...running, ...this.#starting];
  }

  /** Aborts every running job and doesn't wait for the handlers. */
  giveUp(): void {
    this.#patience.end();
    for (const run of this.#running) {
      run.abort("shutdown");
      run.giveUp();
    }
  }

  async #run(job: ClaimedJob, startedAtMs: number): Promise<void> {
    const { handlers, events, onStarted, onFinished } = this.#options;
    const bound = handlers.tasks.get(job.task);
    // Only jobs of the given tasks are claimed.
    if (bound === undefined) throw new Error(`There is no handler for task ${job.task}.`);
    const run = new Run(job, bound, this.#runOptions, startedAtMs);
    // First of all: a listener or the handler may stop the worker at once, and the stop must know.
    this.#running.add(run);
    onStarted(job, startedAtMs);
    events.emit("job:start", () => ({ job: job.job }));
    const result = await run.start();
    this.#running.delete(run);
    const isCompleted = result.kind === "completed" || result.kind === "committed";
    onFinished(job, performance.now() - startedAtMs, isCompleted);
    this.#hand(job, await this.#decide(job, result));
    this.fill();
    if (this.running === 0) this.#onIdle?.();
  }

  #hand(job: ClaimedJob, outcome: Outcome | Unwritten): void {
    const { settle, onCommitted } = this.#options;
    this.#announce(job, outcome);
    if (outcome.kind === "committed") onCommitted(job);
    else if (outcome.kind !== "unknown") settle({ job, outcome });
  }

  async #decide(job: ClaimedJob, outcome: Outcome | Unwritten): Promise<Outcome | Unwritten> {
    const { events, settleChain: chain } = this.#options;
    if (chain === undefined) return outcome;
    if (outcome.kind !== "completed" && outcome.kind !== "failed") return outcome;
    this.#deciding.add(job);
    const decided = await decide(job, outcome, { chain, events, patience: this.#patience });
    this.#deciding.delete(job);
    return decided;
  }

  #announce(job: ClaimedJob, outcome: Outcome | Unwritten): void {
    const { events } = this.#options;
    switch (outcome.kind) {
      case "completed":
        events.emit(outcome.isSkipped === true ? "job:skipped" : "job:success", () => ({
          job: job.job,
        }));
        break;
      case "committed":
        events.emit("job:success", () => ({ job: job.job }));
        events.emit("job:complete", () => ({ job: job.job, error: undefined }));
        break;
      case "unknown": {
        const error = new Error(
          "It is not known whether a transaction of the handler completed the job.",
        );
        events.emit("pool:fatalError", () => ({ action: "complete", error, jobs: [job.job] }));
        break;
      }
      case "returned":
        events.emit("job:interrupted", () => ({ job: job.job }));
        break;
      case "failed": {
        const { error } = outcome;
        events.emit("job:error", () => ({ job: job.job, error }));
        if (job.isLastAttempt || outcome.retry === "never")
          events.emit("job:failed", () => ({ job: job.job, error }));
        break;
      }
    }
  }
}
