import type { Clock } from "../../src/cron/clock.js";
import type { CronEvents } from "../../src/cron/events.js";
import { resolveCronEntries } from "../../src/cron/resolve.js";
import { CronScheduler } from "../../src/cron/scheduler.js";
import { Database } from "../../src/database/database.js";
import type { Executor } from "../../src/database/executor.js";
import { quoteIdentifier } from "../../src/database/identifier.js";
import { bindQueries } from "../../src/database/queries.js";
import { migrate } from "../../src/migrate/index.js";
import { createDatabase, type TestDatabase } from "../support/database.js";

/** A scheduler and what it told. */
export interface ObservedScheduler {
  readonly scheduler: CronScheduler;
  readonly names: () => string[];
  readonly events: <Name extends keyof CronEvents>(name: Name) => CronEvents[Name][];
}

/** A database for schedulers of a test file. */
export interface CronDatabase extends TestDatabase {
  /** The schema's name, quoted. */
  readonly schema: string;
  readonly db: Database;
  /** Makes a scheduler of a crontab, whose tasks needn't exist. */
  schedule(crontab: string, options?: { clock?: Clock; db?: Executor }): ObservedScheduler;
  /** The times of the day at which a task's jobs were due. */
  jobTimes(task: string, backfilled?: boolean): Promise<string[]>;
  /** Takes away all jobs and what is known of entries. */
  clear(): Promise<void>;
}

export async function createCronDatabase(schema: string): Promise<CronDatabase> {
  const database = await createDatabase();
  const { pool } = database;
  const quoted = quoteIdentifier(schema);
  const db = new Database({ pool });
  await migrate({ pool, schema });
  return {
    ...database,
    schema: quoted,
    db,
    schedule: (crontab, options = {}) => observe(schema, crontab, { db, ...options }),
    jobTimes: async (task, backfilled) => {
      const { rows } = await pool.query<{ ts: string; due: Date; backfilled: boolean }>(
        `select payload -> '_cron' ->> 'ts' as ts, run_at as due,
           (payload -> '_cron' ->> 'backfilled')::boolean as backfilled
         from ${quoted}._private_jobs as jobs
         join ${quoted}._private_tasks as tasks on tasks.id = jobs.task_id
         where tasks.identifier = $1 order by jobs.run_at, jobs.id`,
        [task],
      );
      const wrong = rows.filter(({ ts, due }) => ts !== due.toISOString());
      if (wrong.length > 0) throw new Error(`_cron.ts is not run_at: ${JSON.stringify(wrong)}`);
      return rows
        .filter((row) => backfilled === undefined || row.backfilled === backfilled)
        .map(({ ts }) => ts.slice(11, 19));
    },
    clear: async () => {
      await pool.query(`truncate ${quoted}._private_jobs, ${quoted}._private_known_crontabs`);
    },
  };
}

function observe(
  schema: string,
  crontab: string,
  options: { clock?: Clock; db: Executor },
): ObservedScheduler {
  const seen: { name: keyof CronEvents; event: unknown }[] = [];
  const scheduler = new CronScheduler({
    entries: resolveCronEntries({ crontab, tasks: {}, unknownTasks: "allow" }),
    queries: bindQueries({ schema, preparedStatements: true }),
    events: { emit: (name, data) => void seen.push({ name, event: data() }) },
    ...options,
  });
  return {
    scheduler,
    names: () => seen.map(({ name }) => name),
    events: <Name extends keyof CronEvents>(wanted: Name) =>
      seen.filter(({ name }) => name === wanted).map(({ event }) => event as CronEvents[Name]),
  };
}

/** A time of the tests' day. */
export const at = (time: string) => new Date(`2025-03-01T${time}Z`);

/** Every step from one time of the day up to another. */
export function every(seconds: number, from: string, to: string): string[] {
  const times: string[] = [];
  for (let time = +at(from); time <= +at(to); time += seconds * 1000) {
    times.push(new Date(time).toISOString().slice(11, 19));
  }
  return times;
}
