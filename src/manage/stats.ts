import { setTimeout as delay } from "node:timers/promises";
import type { CountJobsResult } from "../../generated/queries/operate.js";
import type { Executor } from "../database/executor.js";
import type { Queries } from "../database/queries.js";
import { readTimeOrNull } from "../database/time.js";
import { jobStates, type JobState } from "../jobs/stored-job.js";
import { abortSignal, integer, type Rules } from "../option-rules.js";
import { readsWithPauses, manage, manageRules, type ManageOptions } from "./options.js";

/** How many jobs are in each state. */
export type StateCounts = Readonly<Record<JobState, number>>;

/** The counts of some jobs, such as a task's. */
export interface TaskStats {
  readonly states: StateCounts;
  /** How many jobs there are in all. */
  readonly total: number;
  /** Since when the due job waits that waits longest, whatever it waits for. */
  readonly oldestDueAt: Date | null;
  /** How long that is, by the database's clock, in milliseconds. */
  readonly oldestDueAgeMs: number | null;
}

/** The counts of all jobs, and of each task's. */
export interface QueueStats extends TaskStats {
  /** The tasks that have jobs, by identifier. */
  readonly tasks: Readonly<Record<string, TaskStats>>;
  /** Present when asked for by `ratesOverMs`. */
  readonly rates?: Rates;
}

/**
 * How fast jobs came and went while it was measured.
 *
 * A completed job is deleted, and nothing counts it. So what came is told by the sequence that job
 * ids are drawn from, and what went by how many more came than there are now. Jobs of transactions
 * that rolled back count as having come and gone; jobs that were replaced through their key don't
 * count; whether a job that is gone was completed or removed can't be told.
 */
export interface Rates {
  readonly addedPerSecond: number;
  readonly finishedPerSecond: number;
  /** How long was measured, by the database's clock, in milliseconds. */
  readonly overMs: number;
}

/** What {@link getStats} measures beside counting. */
export interface StatsOptions extends ManageOptions {
  /** How long to measure rates; the call takes as long. Default: not at all; 1 to 60,000. */
  readonly ratesOverMs?: number;
  /** Ends the measuring: the call then rejects with its reason. */
  readonly signal?: AbortSignal;
}

/** Each option's rule. */
const rules = {
  ...manageRules,
  ratesOverMs: integer(1, 60_000),
  signal: abortSignal(),
} satisfies Rules<StatsOptions>;

/**
 * Counts the jobs by state and task. It goes once through all jobs, locking nothing: some tenths of a
 * second for a million. Measuring rates counts them twice more.
 * @throws TaskwrightError `OPTION_UNKNOWN`, `OPTION_INVALID`, `SCHEMA_MISSING`
 */
export function getStats(db: Executor, options: StatsOptions = {}): Promise<QueueStats> {
  return manage(
    "getStats",
    readsWithPauses,
    options,
    rules,
    async (queries, { ratesOverMs, signal }) => {
      const rates =
        ratesOverMs === undefined ? undefined : await measure(queries, db, ratesOverMs, signal);
      const rows = await queries.countJobs(db);
      const tasks = rows.map((row): [string, TaskStats] => [row.task, readRow(row)]);
      return {
        ...addUp(tasks.map(([, stats]) => stats)),
        tasks: Object.fromEntries(tasks),
        ...(rates === undefined ? {} : { rates }),
      };
    },
  );
}

function readRow(row: CountJobsResult): TaskStats {
  const counts = jobStates.map((state): [JobState, number] => [state, Number(row[state])]);
  return {
    states: Object.fromEntries(counts) as StateCounts,
    total: counts.reduce((sum, [, count]) => sum + count, 0),
    oldestDueAt: readTimeOrNull(row.oldestDueAt),
    oldestDueAgeMs: row.oldestDueAgeMs === null ? null : Number(row.oldestDueAgeMs),
  };
}

function addUp(stats: readonly TaskStats[]): TaskStats {
  const states = jobStates.map((state): [JobState, number] => [
    state,
    stats.reduce((sum, each) => sum + each.states[state], 0),
  ]);
  const waiting = stats.filter(({ oldestDueAgeMs }) => oldestDueAgeMs !== null);
  const oldest = waiting.sort((a, b) => (b.oldestDueAgeMs ?? 0) - (a.oldestDueAgeMs ?? 0))[0];
  return {
    states: Object.fromEntries(states) as StateCounts,
    total: stats.reduce((sum, { total }) => sum + total, 0),
    oldestDueAt: oldest?.oldestDueAt ?? null,
    oldestDueAgeMs: oldest?.oldestDueAgeMs ?? null,
  };
}

async function measure(
  queries: Queries,
  db: Executor,
  ratesOverMs: number,
  signal: AbortSignal | undefined,
): Promise<Rates> {
  const before = await sample(queries, db);
  await delay(ratesOverMs, undefined, signal === undefined ? {} : { signal });
  const after = await sample(queries, db);
  const overMs = after.atMs - before.atMs;
  const added = after.drawnIds - before.drawnIds;
  const finished = Math.max(0, before.jobs + added - after.jobs);
  return {
    addedPerSecond: (added * 1000) / overMs,
    finishedPerSecond: (finished * 1000) / overMs,
    overMs,
  };
}

async function sample(queries: Queries, db: Executor) {
  const [row] = await queries.sampleJobs(db);
  return {
    jobs: Number(row?.jobs),
    drawnIds: Number(row?.drawnIds),
    atMs: Number(row?.atMs),
  };
}
