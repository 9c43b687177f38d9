import { maxTimerMs } from "../options.js";

/**
 * Calls a step again and again: the next call comes a fixed time after the last one ended, so that
 * calls never overlap. The step must not reject.
 */
export class Interval {
  readonly #pauseMs: number;
  readonly #step: () => Promise<void>;
  #timer: NodeJS.Timeout | undefined;
  #running: Promise<void> | undefined;
  #isStopped = false;

  /** @param pauseMs Milliseconds between the end of a call and the next one. */
  constructor(pauseMs: number, step: () => Promise<void>) {
    this.#pauseMs = Math.min(pauseMs, maxTimerMs);
    this.#step = step;
  }

  start(): void {
    if (this.#isStopped || this.#timer !== undefined) return;
    this.#timer = setTimeout(() => {
      this.#running = this.#step().finally(() => {
        this.#timer = undefined;
        this.#running = undefined;
        this.start();
      });
    }, this.#pauseMs);
  }

  /** Resolves when no call is under way and none will come. */
  async stop(): Promise<void> {
    this.#isStopped = true;
    clearTimeout(this.#timer);
    await this.#running;
  }
}
