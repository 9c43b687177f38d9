import type { Executor } from "../database/executor.js";
import type { Queries } from "../database/queries.js";
import { readTime } from "../database/time.js";
import { divide } from "../database/divide.js";
import { toError } from "../errors.js";
import { Backoff } from "../services/backoff.js";
import { Lifecycle, type Service } from "../services/service.js";
import { systemClock, type Clock } from "./clock.js";
import type { CronEventChannel, ScheduledTick } from "./events.js";
import { PendingEntry, type CronTick } from "./pending.js";
import type { ResolvedCronEntry } from "./resolve.js";

export interface CronSchedulerOptions {
  readonly entries: readonly ResolvedCronEntry[];
  readonly db: Executor;
  readonly queries: Queries;
  /** Default: the machine's. */
  readonly clock?: Clock;
  /** Default: nobody listens. */
  readonly events?: CronEventChannel;
  /** Told of jobs that were just added, so that whoever runs them need not wait for word of them. */
  readonly onScheduled?: () => void;
}

/**
 * How long the scheduler sleeps at most. A timer stands still while a laptop sleeps and knows
 * nothing of a clock that was set, so that the clock is looked at now and then.
 */
const longestSleepMs = 10_000;
/** Retries come well below a minute apart: behind the next tick of a peer, ticks would be lost. */
const retry = { firstMs: 200, maxMs: 10_000 };
/** As graphile-worker counts it, a tick is late when another minute has begun. */
const overdueMs = 60_000;
/** A timer may be early by some milliseconds; more than this is a clock that went back. */
const earlyMs = 1000;

/**
 * Adds the jobs of recurring entries when they are due.
 *
 * Each tick is added exactly once, however many schedulers share the entries, graphile-worker's
 * included: a tick is won by moving the entry's `last_execution` forward to it, in the statement
 * that adds the job. That holds for entries with seconds too, as `last_execution` has microseconds.
 * A scheduler settles an entry's ticks one after the other and goes on only when the database has
 * answered, so that
 *
 * - a database that is away delays ticks and loses none: they are tried again until it is back;
 * - a clock that jumps forward, or a machine that slept, has all ticks in between added late, as in
 *   graphile-worker (not marked as backfilled);
 * - a clock that goes back has the scheduler wait until a tick is due that it hasn't settled.
 *
 * What was due before the start is added as far as the entry's `backfillMs` goes, except for an
 * entry that is new to the database.
 */
export class CronScheduler implements Service {
  readonly #entries: readonly ResolvedCronEntry[];
  readonly #db: Executor;
  readonly #queries: Queries;
  readonly #clock: Clock;
  readonly #events: CronEventChannel;
  readonly #onScheduled: () => void;
  readonly #lifecycle = new Lifecycle();
  readonly #stop = new AbortController();
  readonly #backoff = new Backoff(retry);
  #ended: Promise<void> = Promise.resolve();
  #lastStep: Promise<unknown> = Promise.resolve();
  #startedAt: Date | undefined;
  #pending: readonly PendingEntry[] | undefined;
  /** Entries of which the last step's statements were refused because of their data. */
  readonly #refused = new Map<PendingEntry, Error>();

  constructor(options: CronSchedulerOptions) {
    const { entries, db, queries, clock, events, onScheduled } = options;
    this.#entries = entries;
    this.#db = db;
    this.#queries = queries;
    this.#clock = clock ?? systemClock;
    this.#events = events ?? { emit: () => {} };
    this.#onScheduled = onScheduled ?? (() => {});
  }

  /** Begins to schedule, in the background; a database that fails is told in events. */
  start(): void {
    if (!this.#lifecycle.start() || this.#entries.length === 0) return;
    this.#startedAt = this.#clock.now();
    this.#ended = this.#run(this.#stop.signal);
  }

  /** Resolves when no statement is under way any more. */
  stop(): Promise<void> {
    return this.#lifecycle.stop(() => {
      this.#stop.abort();
      return this.#ended;
    });
  }

  /**
   * One step: adds the jobs of all ticks that are due, and resolves to those that this scheduler
   * won. The first one makes the entries known. Steps never overlap. It rejects when the database
   * fails; the ticks that are left are for the next step.
   */
  tick(now: Date = this.#clock.now()): Promise<readonly ScheduledTick[]> {
    const step = this.#lastStep.then(() => this.#step(now));
    this.#lastStep = step.catch(() => {});
    return step;
  }

  async #run(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      const sleepMs = await this.#tickOrFail();
      const expected = new Date(+this.#clock.now() + sleepMs);
      await this.#clock.sleep(sleepMs, signal);
      const now = this.#clock.now();
      if (signal.aborted || +now >= +expected - earlyMs) continue;
      this.#events.emit("cron:prematureTimer", () => ({ expected, now }));
    }
  }

  /** Returns the milliseconds until the next step. */
  async #tickOrFail(): Promise<number> {
    try {
      await this.tick();
      this.#backoff.reset();
      return this.#untilNext();
    } catch (error) {
      const retryInMs = this.#backoff.next();
      const attempts = this.#backoff.failures;
      this.#events.emit("cron:error", () => ({
        error: toError(error),
        attempts,
        retryInMs,
        refused: Array.from(this.#refused.keys(), ({ entry }) => entry.id),
      }));
      // Entries that were not refused don't wait for those that were.
      const isRefusal = [...this.#refused.values()].some((refusal) => refusal === error);
      return isRefusal ? Math.min(retryInMs, this.#untilNext()) : retryInMs;
    }
  }

  /** The entries whose ticks were not refused by the last step. */
  #accepted(): PendingEntry[] {
    return (this.#pending ?? []).filter((entry) => !this.#refused.has(entry));
  }

  #untilNext(): number {
    const next = nextOf(this.#accepted());
    return Math.min(Math.max(next - +this.#clock.now(), 1), longestSleepMs);
  }

  async #step(now: Date): Promise<readonly ScheduledTick[]> {
    this.#pending ??= await this.#register((this.#startedAt ??= now));
    const pending = this.#pending;
    const scheduled: ScheduledTick[] = [];
    this.#refused.clear();
    this.#reportOverdue(takeRound(pending, now), now);
    for (let round = takeRound(pending, now); round.length > 0;) {
      if (this.#lifecycle.isStopped) break;
      for (const each of await this.#schedule(round)) scheduled.push(each);
      for (const { entry } of round) if (!this.#refused.has(entry)) entry.settle();
      round = takeRound(this.#accepted(), now);
    }
    const [refusal] = this.#refused.values();
    if (refusal !== undefined) throw refusal;
    return scheduled;
  }

  async #register(startedAt: Date): Promise<readonly PendingEntry[]> {
    const ids = this.#entries.map(({ id }) => id);
    this.#events.emit("cron:starting", () => ({ startedAt, ids }));
    const since = new Map<string, Date>();
    const register = async (part: readonly string[]) => {
      const params = { ids: [...part], knownSince: startedAt };
      const rows = await this.#queries.registerCronEntries(this.#db, params);
      for (const row of rows) since.set(row.id, readTime(row.since));
    };
    // The ticks of a refused entry are refused, too, and that is reported.
    await divide(ids, register, () => {});
    this.#events.emit("cron:started", () => ({ startedAt, ids }));
    return this.#entries.map((entry) => new PendingEntry(entry, startedAt, since.get(entry.id)));
  }

  async #schedule(round: readonly DueTick[]): Promise<ScheduledTick[]> {
    const ticks = round.map(({ tick }) => tick);
    const backfilled = ticks.filter((tick) => tick.backfilled);
    if (backfilled.length > 0) this.#events.emit("cron:backfill", () => ({ ticks: backfilled }));
    this.#events.emit("cron:schedule", () => ({ ticks }));
    const scheduled: ScheduledTick[] = [];
    const add = async (part: readonly DueTick[]) => {
      for (const tick of await this.#add(part)) scheduled.push(tick);
    };
    await divide(round, add, ({ entry }, error) => this.#refused.set(entry, error));
    return scheduled;
  }

  /** Adds the jobs of ticks in one statement, and returns the ticks that this scheduler won. */
  async #add(round: readonly DueTick[]): Promise<ScheduledTick[]> {
    const rows = await this.#queries.scheduleCronTicks(this.#db, {
      ticks: JSON.stringify(round.map(toRecord)),
      payloads: round.map(toPayload),
    });
    const jobIds = new Map(rows.map(({ id, jobId }) => [id, jobId]));
    const won = round.flatMap(({ tick }) => {
      const jobId = jobIds.get(tick.id);
      return jobId === undefined ? [] : [{ ...tick, jobId }];
    });
    this.#events.emit("cron:scheduled", () => ({ ticks: won }));
    if (won.length > 0) this.#onScheduled();
    return won;
  }

  #reportOverdue(round: readonly DueTick[], now: Date): void {
    const late = round.filter(({ tick }) => !tick.backfilled).map(({ tick }) => +tick.ts);
    const earliest = late.reduce((least, ts) => Math.min(least, ts), Infinity);
    if (+now - earliest < overdueMs) return;
    const expected = new Date(earliest);
    this.#events.emit("cron:overdueTimer", () => ({ expected, now }));
  }
}

interface DueTick {
  readonly entry: PendingEntry;
  readonly tick: CronTick;
}

/**
 * The earliest ticks that are due: those of one instant, at most one of an entry. Jobs are thus
 * added in the order of their times, and no tick settles an earlier one of its entry.
 */
function takeRound(pending: readonly PendingEntry[], now: Date): DueTick[] {
  const earliest = nextOf(pending);
  if (earliest > +now) return [];
  return pending.flatMap((entry) => {
    const tick = entry.due(new Date(earliest));
    return tick === undefined ? [] : [{ entry, tick }];
  });
}

/** When the next tick is due, in milliseconds. */
function nextOf(pending: readonly PendingEntry[]): number {
  return pending.reduce((least, { next }) => Math.min(least, +(next ?? Infinity)), Infinity);
}

function toRecord({ entry: { entry }, tick }: DueTick) {
  const { id, task, spec } = entry;
  return {
    entry: id,
    ts: tick.ts,
    task,
    queue_name: spec.queueName,
    max_attempts: spec.maxAttempts,
    job_key: spec.jobKey,
    priority: spec.priority,
    flags: spec.flags,
    job_key_mode: spec.jobKeyMode,
  };
}

/** The payload as JSON text, with what graphile-worker adds to it. */
function toPayload({ entry: { entry }, tick }: DueTick): string {
  const _cron = { ts: tick.ts.toISOString(), backfilled: tick.backfilled };
  return JSON.stringify({ ...entry.payload, _cron });
}
