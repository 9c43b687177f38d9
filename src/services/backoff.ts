/** How long to wait between attempts at something that fails. */
export interface BackoffOptions {
  readonly firstMs: number;
  readonly maxMs: number;
}

/** Doubling waits with jitter, so that many workers don't come back at the same moment. */
export class Backoff {
  readonly #options: BackoffOptions;
  #failures = 0;

  constructor(options: BackoffOptions) {
    this.#options = options;
  }

  /** How many failures there were since the last success. */
  get failures(): number {
    return this.#failures;
  }

  /** Counts a failure and returns the milliseconds to wait: between half and all of the step. */
  next(): number {
    const { firstMs, maxMs } = this.#options;
    const step = Math.min(firstMs * 2 ** this.#failures, maxMs);
    this.#failures += 1;
    return Math.ceil(step * (0.5 + Math.random() / 2));
  }

  reset(): void {
    this.#failures = 0;
  }
}

/** A wait that can be cut short. */
export class Pause {
  #wake: (() => void) | undefined;

  /** Resolves after the given milliseconds, or as soon as `end` is called. */
  wait(ms: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(() => this.end(), ms);
      this.#wake = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }

  end(): void {
    this.#wake?.();
    this.#wake = undefined;
  }
}
