import { performance, type EventLoopUtilization } from "node:perf_hooks";
import type { WorkerEvents } from "../events.js";
import type { ResolvedRecovery } from "../recovery/options.js";
import { Lifecycle, type Service } from "../services/service.js";
import type { ClaimedJob } from "./claimed-job.js";

export interface LoopWatchOptions {
  /** Milliseconds of blocked event loop that are reported; 0: nothing is measured. */
  readonly thresholdMs: number;
  readonly recovery: ResolvedRecovery | undefined;
  readonly events: WorkerEvents;
  readonly running: () => readonly ClaimedJob[];
  /** Whether handlers of a task run in threads of their own. */
  readonly isIsolated: (task: string) => boolean;
}

/** The timer fires five times per threshold, so a measured block is at most a fifth too long. */
const looksPerThreshold = 5;
/** A job that has ended is remembered until the next look if it took this part of the threshold. */
const rememberedPart = 1 / 20;
const maxRemembered = 100;

/**
 * Measures how long the event loop is blocked, by the delay of a timer, and finds the jobs that ran
 * meanwhile. A process that was suspended isn't blocked: only time in which the loop was active counts.
 *
 * The cost per job is one comparison. A job that blocks ends before the timer comes, so jobs
 * that took long are remembered until the next look.
 */
export class LoopWatch implements Service {
  readonly #options: LoopWatchOptions;
  readonly #lifecycle = new Lifecycle();
  readonly #intervalMs: number;
  readonly #rememberedMs: number;
  #ended: ClaimedJob[] = [];
  #lastMs = 0;
  #last: EventLoopUtilization | undefined;
  #timer: NodeJS.Timeout | undefined;

  constructor(options: LoopWatchOptions) {
    this.#options = options;
    const { thresholdMs } = options;
    this.#intervalMs = Math.max(1, thresholdMs / looksPerThreshold);
    this.#mark();
    this.#rememberedMs = thresholdMs === 0 ? Infinity : thresholdMs * rememberedPart;
  }

  start(): void {
    if (!this.#lifecycle.start() || this.#options.thresholdMs === 0) return;
    this.#mark();
    this.#timer = setInterval(() => this.look(), this.#intervalMs);
    this.#timer.unref();
  }

  stop(): Promise<void> {
    return this.#lifecycle.stop(() => clearInterval(this.#timer));
  }

  /** A handler has ended after so many milliseconds. */
  onFinished(job: ClaimedJob, handlerMs: number): void {
    if (handlerMs < this.#rememberedMs || this.#ended.length >= maxRemembered) return;
    this.#ended.push(job);
  }

  /** Checks whether the loop was blocked since the last check. */
  look(): void {
    const { thresholdMs, events, running, isIsolated } = this.#options;
    const elapsedMs = performance.now() - this.#lastMs;
    // Time in which the loop waited for events doesn't count, however late the timer fires.
    const activeMs = performance.eventLoopUtilization(this.#last).active;
    const blockedMs = Math.round(Math.min(elapsedMs, activeMs));
    if (blockedMs >= thresholdMs) {
      const jobs = [...this.#ended, ...running()].filter(({ task }) => !isIsolated(task));
      events.emit("eventLoop:blocked", () => ({
        blockedMs,
        jobs: jobs.map(({ job }) => job),
        endangersWorker: this.#endangersWorker(blockedMs),
      }));
    }
    this.#ended = [];
    this.#mark();
  }

  /** Whether the block took at least half of `sweepThresholdMs`. */
  #endangersWorker(blockedMs: number): boolean {
    const { recovery } = this.#options;
    return recovery !== undefined && blockedMs >= recovery.sweepThresholdMs / 2;
  }

  #mark(): void {
    this.#lastMs = performance.now();
    this.#last = performance.eventLoopUtilization();
  }
}
