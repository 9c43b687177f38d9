import type { ListLocksResult } from "../../generated/queries/worker.js";
import { divide } from "../database/divide.js";
import type { Executor } from "../database/executor.js";
import type { Queries } from "../database/queries.js";
import { toError } from "../errors.js";
import type { WorkerEvents } from "../events.js";
import { Backoff, Pause } from "../services/backoff.js";
import { Lifecycle, type Service } from "../services/service.js";

/**
 * When to look after an answer was lost, in milliseconds. The statement may still be at work on the
 * server, and come to its end between two looks; not after the last one.
 */
const looksAfterMs = [0, 1000, 5000, 20_000, 60_000] as const;

export interface StraysOptions {
  readonly queries: Queries;
  readonly db: Executor;
  readonly workerId: string;
  readonly events: WorkerEvents;
  /** The jobs that this worker knows it holds, by their ids. */
  readonly held: { has(id: string): boolean };
}

/**
 * Strays are jobs that the database says this worker holds and the worker doesn't know of: a claim
 * locked them and its answer was lost with the connection. Nobody else would free them, since the
 * worker is alive.
 *
 * Used by the claimer between two claims, when no answer is on its way; and once more, when it has
 * stopped, by `stop`.
 */
export class Strays implements Service {
  readonly #options: StraysOptions;
  /** When to look, on the clock of `performance.now()`, soonest first. */
  #looksMs: number[] = [];
  /** Strays that can't be given back, because the database refuses it; reported once. */
  readonly #stuck = new Set<string>();
  readonly #lifecycle = new Lifecycle();
  readonly #backoff = new Backoff({ firstMs: 100, maxMs: 2000 });
  readonly #pause = new Pause();
  #hasGivenUp = false;

  constructor(options: StraysOptions) {
    this.#options = options;
  }

  /** Whether jobs may be locked that this worker doesn't know of, or stay locked. */
  get areExpected(): boolean {
    return this.#stuck.size > 0 || (this.#looksMs.at(-1) ?? -Infinity) > performance.now();
  }

  start(): void {
    this.#lifecycle.start();
  }

  /** Looks for the last time if any may be there; tries again until it is known, or told to give up. */
  stop(): Promise<void> {
    return this.#lifecycle.stop(async () => {
      while (this.#looksMs.length > 0 && !this.#hasGivenUp) {
        try {
          if ((await this.returnOnce()).locked === 0) return;
          if (!this.#hasGivenUp) await this.#pause.wait(this.#backoff.next());
          if (this.#hasGivenUp) this.#announceLeft(new Error("An open transaction locks them."));
        } catch (thrown) {
          if (!this.#hasGivenUp) await this.#pause.wait(this.#backoff.next());
          if (this.#hasGivenUp) this.#announceLeft(toError(thrown));
        }
      }
    });
  }

  /** Stops trying again. */
  giveUp(): void {
    this.#hasGivenUp = true;
    this.#pause.end();
  }

  /** A claim's answer was lost: looks before the next claim, and again until nothing can come late. */
  expect(): void {
    const nowMs = performance.now();
    this.#looksMs = looksAfterMs.map((afterMs) => nowMs + afterMs);
  }

  /** Returns strays if it is time to look for them. */
  async returnDue(): Promise<void> {
    const nowMs = performance.now();
    if ((this.#looksMs[0] ?? Infinity) > nowMs) return;
    const { locked } = await this.returnOnce();
    // Nobody else would look for those that are left.
    if (locked === 0) this.#looksMs = this.#looksMs.filter((lookMs) => lookMs > nowMs);
  }

  /**
   * Gives strays back, their attempt uncounted. Those that somebody's open transaction has locked are
   * left for another time: to wait for it would keep the worker from claiming.
   */
  async returnOnce(): Promise<{ readonly returned: number; readonly locked: number }> {
    const { queries, db, workerId, held } = this.#options;
    const all = (await queries.listLocks(db, { workerId })).filter(
      ({ id }) => !held.has(id) && !this.#stuck.has(id),
    );
    if (all.length === 0) return { returned: 0, locked: 0 };
    const busy = await queries.findBusyJobs(db, { ids: all.map(({ id }) => id) });
    const busyIds = new Set(busy.map(({ id }) => id));
    const strays = all.filter(({ id }) => !busyIds.has(id));
    await divide(
      strays,
      (part) => this.#return(part),
      ({ id }, error) => {
        this.#stuck.add(id);
        this.#announceLeft(error);
      },
    );
    const returned = strays.filter(({ id }) => !this.#stuck.has(id)).length;
    return { returned, locked: busyIds.size };
  }

  /** Fenced by the time of the lock: what was settled since the look is not touched. */
  async #return(strays: readonly ListLocksResult[]): Promise<void> {
    const { queries, db, workerId } = this.#options;
    await queries.settleJobs(db, {
      workerId,
      locks: strays.map(({ lockedAt }) => lockedAt),
      completedIds: [],
      failedIds: [],
      failedMessages: [],
      failedPayloads: [],
      failedRetries: [],
      returnedIds: strays.map(({ id }) => id),
      returnedPayloads: [],
    });
  }

  #announceLeft(error: Error): void {
    const action = "look for jobs of a claim whose answer was lost";
    this.#options.events.emit("pool:fatalError", () => ({ action, error, jobs: [] }));
  }
}
