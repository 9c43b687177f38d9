import { breaksConnection, sqlState } from "../database/failure.js";
import type { Executor } from "../database/executor.js";
import type { Queries } from "../database/queries.js";
import { TaskwrightError, toError } from "../errors.js";
import type { WorkerEvents } from "../events.js";
import { names } from "../option-rules.js";
import { checkOption, maxTimerMs } from "../options.js";
import { Backoff, Pause } from "../services/backoff.js";
import { Moment } from "../services/moment.js";
import type { ClaimJobsParams, ClaimJobsResult } from "../../generated/queries/worker.js";
import { ClaimedJob, type ClaimedRow } from "./claimed-job.js";
import type { Limits } from "./limits.js";
import type { ForbiddenFlags } from "./options.js";
import { Lifecycle, type Service } from "../services/service.js";
import { Round } from "./round.js";
import type { Strays } from "./strays.js";
import type { TaskIds } from "./task-ids.js";

/** Raised by the database (sql/migrations/22_starts.sql). */
const unregisteredState = "TWUNR";
/** Looking through thousands of queues that have nothing due shouldn't keep the database busy. */
const lookOnDelayMs = 50;

const flagsRule = names();

export interface ClaimerOptions {
  readonly queries: Queries;
  readonly db: Executor;
  readonly workerId: string;
  readonly taskIds: TaskIds;
  readonly forbiddenFlags: ForbiddenFlags;
  readonly limits: Limits;
  /** Milliseconds between two claims that nothing else gave cause for; undefined: none. */
  readonly pollIntervalMs: number | undefined;
  readonly events: WorkerEvents;
  /** How many jobs could be claimed now. */
  readonly demand: () => number;
  /** How many bytes of payloads a claim may bring now; undefined: any number. */
  readonly freeBytes?: () => number;
  /** @param askedAtMs When the claim was sent, on the clock of `performance.now()`. */
  readonly deliver: (jobs: readonly ClaimedJob[], askedAtMs: number) => void;
  /** Called when nothing is left to do until something new comes. */
  readonly onRest?: () => void;
  readonly strays: Strays;
  /**
   * If given, a claim requires the worker to be registered, so that sweeps find what it locks. Called
   * when a claim found that it isn't: it was declared dead, or has never registered.
   */
  readonly onUnregistered?: (() => void) | undefined;
}

/**
 * Decides when to claim, one claim at a time:
 *
 *             wake, or a poll              found all it may take
 *     resting ----------------> claiming -----------------------> hungry
 *        ^                      |  ^   ^                            |
 *        +-- found all there is +  |   +--- demand, or a wake ------+
 *                               |  |
 *          left some unseen     v  | soon
 *                             looking on
 *
 * Resting, it takes a sign that there may be something new: a notification, a poll, a queue that was
 * freed. Hungry, it knows of more and claims as soon as there is demand. Looking on, it found too
 * little in the queues that one claim looks at, and goes through the others until a round is complete;
 * then it rests. Signs that come while a claim is under way count as one.
 *
 * A claimer that polls doesn't wait for the next poll where jobs were locked by other transactions: it
 * looks again soon, then less and less often. One that doesn't poll rests.
 */
export class Claimer implements Service {
  readonly #options: ClaimerOptions;
  readonly #lifecycle = new Lifecycle();
  readonly #backoff = new Backoff({ firstMs: 100, maxMs: 10_000 });
  readonly #lockedBackoff = new Backoff({ firstMs: 75, maxMs: 2000 });
  readonly #pause = new Pause();
  /** Whether something new may be there. */
  #isWoken = false;
  /** Whether the last claim found as much as it asked for. */
  #isHungry = false;
  readonly #round = new Round();
  #loop: Promise<void> | undefined;
  #pollTimer: NodeJS.Timeout | undefined;
  #lookOnTimer: NodeJS.Timeout | undefined;

  constructor(options: ClaimerOptions) {
    this.#options = options;
  }

  /** Whether there is nothing to do until something new comes. */
  get isResting(): boolean {
    const isBusy = this.#loop !== undefined || this.#lookOnTimer !== undefined;
    return !isBusy && !this.#isWoken && !this.#isHungry;
  }

  start(): void {
    if (!this.#lifecycle.start()) return;
    this.#poll();
    this.wake();
  }

  stop(): Promise<void> {
    return this.#lifecycle.stop(async () => {
      clearTimeout(this.#pollTimer);
      clearTimeout(this.#lookOnTimer);
      this.#pause.end();
      await this.#loop;
    });
  }

  /** Something new may be there. */
  wake(): void {
    this.#round.restart();
    this.#isWoken = true;
    this.onDemand();
  }

  /** There may be demand: claims if there is reason to think that something is there. */
  onDemand(): void {
    if (!this.#lifecycle.isStarted || this.#loop !== undefined) return;
    if ((this.#isWoken || this.#isHungry) && this.#options.demand() > 0) {
      this.#loop = this.#run();
    }
  }

  /** Claims up to so many jobs and hands them on. Returns how many there were. */
  async claimOnce(maxJobs: number): Promise<number> {
    const { workerId, taskIds, limits, events, deliver } = this.#options;
    events.emit("worker:getJob:start", () => ({ maxJobs }));
    const ids = await taskIds.list();
    const forbiddenFlags = await this.#forbiddenFlags();
    const askedAtMs = performance.now();
    const rows = await this.#claim({
      workerId,
      taskIds: ids,
      forbiddenFlags,
      maxJobs,
      afterQueue: this.#round.after,
      limits: limits.forClaim(ids, maxJobs),
      maxBytes: this.#options.freeBytes?.(),
    });
    const claimedAt = new Moment();
    const jobs = rows
      .filter(isJob)
      .map((row) => new ClaimedJob(row, taskIds.identifierOf(row.taskId), workerId, claimedAt));
    const count = jobs.length;
    // A task's limit may have cut the claim short; it has less room, or none, in the next one. So may
    // the limit of bytes: the next job is claimed when it fits.
    this.#isHungry =
      count >= maxJobs || rows[0]?.isCut === true || jobs.some(({ task }) => limits.has(task));
    this.#lookOn(rows[0]?.lookOn ?? null, count > 0);
    if (count === 0) events.emit("worker:getJob:empty", () => ({}));
    else events.emit("localQueue:getJobs:complete", () => ({ count }));
    deliver(jobs, askedAtMs);
    return count;
  }

  /** Whether jobs are due that a claim would take if no other worker or transaction held them. */
  async hasDueJobs(): Promise<boolean> {
    const { queries, db, taskIds } = this.#options;
    const [row] = await queries.hasDueJobs(db, {
      taskIds: await taskIds.list(),
      forbiddenFlags: await this.#forbiddenFlags(),
    });
    return row?.hasDueJobs === true;
  }

  async #claim(params: Omit<ClaimJobsParams, "mustBeRegistered">): Promise<ClaimJobsResult[]> {
    const { queries, db, workerId, onUnregistered } = this.#options;
    const mustBeRegistered = onUnregistered !== undefined;
    try {
      return await queries.claimJobs(db, { ...params, mustBeRegistered });
    } catch (error) {
      if (sqlState(error) !== unregisteredState) throw error;
      throw new TaskwrightError(
        "WORKER_UNREGISTERED",
        `Worker ${workerId} is not registered, because another worker declared it dead or its first heartbeat failed. It claims nothing until its next heartbeat succeeds.`,
        { workerId },
        { cause: error },
      );
    }
  }

  async #run(): Promise<void> {
    while (this.#lifecycle.isStarted && (this.#isWoken || this.#isHungry)) {
      const maxJobs = this.#options.demand();
      if (maxJobs <= 0) break;
      this.#isWoken = false;
      try {
        await this.#options.strays.returnDue();
        await this.claimOnce(maxJobs);
        this.#backoff.reset();
      } catch (error) {
        this.#isWoken = true;
        await this.#onFailure(toError(error));
      }
    }
    this.#loop = undefined;
    if (this.isResting) this.#options.onRest?.();
  }

  /** Goes on after a claim that found too little, unless the round is complete. */
  #lookOn(lookOn: number | null, foundSome: boolean): void {
    const state = this.#round.moveTo(lookOn);
    // Queues were passed that had jobs to give, or that have some by now: the round begins anew.
    if (this.#isHungry || this.#isWoken) this.#round.restart();
    if (foundSome || state !== "locked") this.#lockedBackoff.reset();
    if (this.#isHungry) return;
    if (state === "unfinished") {
      this.#claimIn(foundSome ? 0 : lookOnDelayMs * (0.5 + Math.random()));
    } else if (state === "locked" && this.#options.pollIntervalMs !== undefined) {
      this.#claimIn(this.#lockedBackoff.next());
    }
  }

  #claimIn(delayMs: number): void {
    clearTimeout(this.#lookOnTimer);
    this.#lookOnTimer = setTimeout(() => {
      this.#lookOnTimer = undefined;
      this.#isWoken = true;
      this.onDemand();
    }, delayMs);
  }

  async #onFailure(error: Error): Promise<void> {
    const { strays, onUnregistered } = this.#options;
    if (breaksConnection(error)) strays.expect();
    if (isUnregistered(error)) onUnregistered?.();
    const retryInMs = this.#backoff.next();
    this.#options.events.emit("worker:getJob:error", () => ({ error, retryInMs }));
    if (this.#lifecycle.isStarted) await this.#pause.wait(retryInMs);
  }

  async #forbiddenFlags(): Promise<string[]> {
    const { forbiddenFlags } = this.#options;
    if (typeof forbiddenFlags !== "function") return [...forbiddenFlags];
    const flags = await forbiddenFlags();
    // The letters of a string would be flags that no job has, and leave none alone.
    checkOption("the function forbiddenFlags", "result", flags, flagsRule);
    return [...flags];
  }

  /** Retries and jobs scheduled for later become due without any notification. */
  #poll(): void {
    const { pollIntervalMs } = this.#options;
    if (pollIntervalMs === undefined) return;
    // Workers that were started together shouldn't go on together.
    const delayMs = Math.min(pollIntervalMs * (0.9 + Math.random() * 0.2), maxTimerMs);
    this.#pollTimer = setTimeout(() => {
      this.wake();
      this.#poll();
    }, delayMs);
  }
}

/** Whether a claim failed because the worker isn't registered. */
export function isUnregistered(error: unknown): boolean {
  return TaskwrightError.is(error) && error.code === "WORKER_UNREGISTERED";
}

/** The one row of a claim that found nothing may say that there is more to look at. */
function isJob(row: ClaimJobsResult): row is ClaimedRow {
  return row.id !== null;
}
