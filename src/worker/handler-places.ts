import type { WorkerEvents } from "../events.js";
import { Lifecycle, type Service } from "../services/service.js";
import type { HandlerSet } from "../tasks/handlers.js";
import type { ClaimedJob } from "./claimed-job.js";
import { IsolatedHandlers, type IsolatingWorker } from "./isolated-handlers.js";
import { LoopWatch } from "./loop-watch.js";
import type { ResolvedWorkerOptions } from "./options.js";

/** What of a worker's options it depends on. */
type PlacingWorker = IsolatingWorker &
  Pick<ResolvedWorkerOptions<unknown>, "recovery" | "blockedLoopMs"> & {
    readonly handlers: HandlerSet<never>;
  };

/** Where handlers run: in threads, those of isolated tasks; or in the main one, whose loop is watched. */
export class HandlerPlaces implements Service {
  /** Undefined without isolated tasks. */
  readonly isolation: IsolatedHandlers | undefined;
  readonly #lifecycle = new Lifecycle();
  readonly #loopWatch: LoopWatch;

  /** @param running The jobs that run. */
  constructor(worker: PlacingWorker, events: WorkerEvents, running: () => readonly ClaimedJob[]) {
    const { handlers, recovery, blockedLoopMs: thresholdMs } = worker;
    const { module } = worker.isolation;
    const isIsolated = (task: string) => isIsolatedIn(handlers, task);
    if (module !== undefined && [...handlers.tasks.keys()].some(isIsolated)) {
      this.isolation = new IsolatedHandlers(module, worker, events);
    }
    this.#loopWatch = new LoopWatch({ thresholdMs, recovery, events, running, isIsolated });
  }

  start(): void {
    if (!this.#lifecycle.start()) return;
    this.isolation?.start();
    this.#loopWatch.start();
  }

  /** Ends the threads; no handler must run any more. */
  stop(): Promise<void> {
    return this.#lifecycle.stop(async () => {
      await Promise.all([this.isolation?.stop(), this.#loopWatch.stop()]);
    });
  }

  /** Makes the stop not wait for the threads. */
  hurry(): void {
    this.isolation?.hurry();
  }

  /** A handler has ended after so many milliseconds. */
  onFinished(job: ClaimedJob, handlerMs: number): void {
    this.#loopWatch.onFinished(job, handlerMs);
  }
}

function isIsolatedIn(handlers: HandlerSet<never>, task: string): boolean {
  return handlers.tasks.get(task)?.task.isolate === true;
}
