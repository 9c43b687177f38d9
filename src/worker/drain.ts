import { toError } from "../errors.js";
import { Backoff } from "../services/backoff.js";
import { Lifecycle, type Service } from "../services/service.js";

/** How a drain ends: nothing is due any more, or others hold what is due. */
export type DrainEnd = "drained" | "blocked";

/**
 * The waits before further claims when jobs are due that can't be claimed, in milliseconds. Claims
 * and adds of others lock jobs for a moment; their handlers hold queues for as long as they run.
 */
const waitsMs = [50, 100, 200, 400] as const;

export interface DrainOptions {
  /** Whether a job is due that this run could execute if others didn't hold it. */
  readonly hasDueJobs: () => Promise<boolean>;
  /** Whether the worker has nothing to do. */
  readonly isResting: () => boolean;
  /** Makes the worker claim again. */
  readonly wake: () => void;
  readonly onEnd: (end: DrainEnd) => void;
  /** The check failed; the worker claims again after `retryInMs` milliseconds. */
  readonly onFailure: (error: Error, retryInMs: number) => void;
}

/**
 * Ends a run that executes what is due. Whenever the worker rests, it looks whether jobs are due:
 *
 *     none is due                         -> drained
 *     some are, and others may free them  -> claim again, after a wait
 *     still after the last wait           -> blocked
 */
export class Drain implements Service {
  readonly #options: DrainOptions;
  readonly #lifecycle = new Lifecycle();
  /** How many claims in a row found nothing although jobs were due. */
  #waits = 0;
  readonly #backoff = new Backoff({ firstMs: 100, maxMs: 10_000 });
  #look: Promise<void> | undefined;
  #timer: NodeJS.Timeout | undefined;

  constructor(options: DrainOptions) {
    this.#options = options;
  }

  start(): void {
    this.#lifecycle.start();
  }

  stop(): Promise<void> {
    return this.#lifecycle.stop(async () => {
      clearTimeout(this.#timer);
      await this.#look;
    });
  }

  /** Jobs were claimed: what the next ones have to wait for is something else. */
  onClaimed(): void {
    this.#waits = 0;
  }

  /** The worker has nothing to do. */
  onRest(): void {
    if (!this.#lifecycle.isStarted || this.#look !== undefined || this.#timer !== undefined) return;
    this.#look = this.lookOnce().finally(() => {
      this.#look = undefined;
    });
  }

  async lookOnce(): Promise<void> {
    const { hasDueJobs, isResting, onEnd, onFailure } = this.#options;
    let isAnyDue: boolean;
    try {
      isAnyDue = await hasDueJobs();
    } catch (thrown) {
      const retryInMs = this.#backoff.next();
      onFailure(toError(thrown), retryInMs);
      this.#claimIn(retryInMs);
      return;
    }
    this.#backoff.reset();
    // Something else woke the worker meanwhile: it comes to rest again.
    if (!isResting()) return;
    if (!isAnyDue) onEnd("drained");
    else this.#claimAgain();
  }

  #claimAgain(): void {
    const waitMs = waitsMs[this.#waits];
    this.#waits += 1;
    if (waitMs === undefined) this.#options.onEnd("blocked");
    else this.#claimIn(waitMs);
  }

  #claimIn(delayMs: number): void {
    if (this.#lifecycle.isStopped) return;
    this.#timer = setTimeout(() => {
      this.#timer = undefined;
      this.#options.wake();
    }, delayMs);
  }
}
