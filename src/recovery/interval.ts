import { maxTimerMs } from "../options.js";

/**
 * Calls a step again and again: the next call comes a fixed time after the last one ended, so that
 * calls never overlap. The step must not reject; it may return how many milliseconds the next pause
 * takes instead.
 */
export class Interval {
  readonly #pauseMs: number;
  readonly #step: () => Promise<number | undefined>;
  #timer: NodeJS.Timeout | undefined;
  #running: Promise<void> | undefined;
  #isHurried = false;
  #state: "idle" | "started" | "stopped" = "idle";

  /** @param pauseMs Milliseconds between the end of a call and the next one. */
  constructor(pauseMs: number, step: () => Promise<number | undefined>) {
    this.#pauseMs = Math.min(pauseMs, maxTimerMs);
    this.#step = step;
  }

  /** @param firstPauseMs Milliseconds until the first call. */
  start(firstPauseMs = this.#pauseMs): void {
    if (this.#state !== "idle") return;
    this.#state = "started";
    this.#wait(firstPauseMs);
  }

  /** Makes the next call now, or right after the one that is under way. */
  hurry(): void {
    if (this.#state !== "started") return;
    if (this.#running !== undefined) this.#isHurried = true;
    else this.#wait(0);
  }

  /** Resolves when no call is under way and none will come. */
  async stop(): Promise<void> {
    this.#state = "stopped";
    clearTimeout(this.#timer);
    await this.#running;
  }

  #wait(pauseMs: number): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => {
      this.#running = this.#call();
    }, pauseMs);
  }

  async #call(): Promise<void> {
    this.#isHurried = false;
    const pauseMs = await this.#step();
    this.#running = undefined;
    if (this.#state !== "started") return;
    this.#wait(this.#isHurried ? 0 : (pauseMs ?? this.#pauseMs));
  }
}
