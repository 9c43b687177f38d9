import type { Pool } from "pg";
import { bindHandlers, type BoundTask, type Handler, type HandlerSet } from "../../src/index.js";
import { defineTask, type TaskOptions } from "../../src/tasks/task.js";
import { migrate } from "../../src/migrate/index.js";
import { createDatabase, type TestDatabase } from "../support/database.js";

/** A database with the schema installed. */
export async function createQueue(encoding?: string): Promise<TestDatabase> {
  const database = await createDatabase(encoding);
  await migrate({ pool: database.pool });
  return database;
}

export { eventually as until } from "../support/wait.js";

type AnyPayload = Record<string, unknown>;

/** Binds handlers to tasks that take any payload, by identifier. */
export function handlersFor<App = undefined>(
  handlers: Readonly<Record<string, Handler<AnyPayload, App>>>,
  options: Partial<TaskOptions<AnyPayload>> = {},
): HandlerSet<App> {
  const tasks = Object.keys(handlers).map((identifier) => [
    identifier,
    defineTask<unknown, AnyPayload>({
      identifier,
      schema: "graphile_worker",
      validator: () => true,
      ...options,
    }),
  ]);
  return bindHandlers(
    Object.fromEntries(tasks) as Record<string, BoundTask<App>["task"]>,
    handlers as never,
  );
}

export interface JobSpec {
  readonly payload?: unknown;
  readonly queue?: string;
  readonly runAt?: Date;
  readonly priority?: number;
  readonly maxAttempts?: number;
  readonly key?: string;
  readonly keyMode?: string;
  readonly flags?: readonly string[];
}

/** Adds a job as any client would and returns its id. */
export async function addJob(pool: Pool, task: string, spec: JobSpec = {}): Promise<string> {
  const { rows } = await pool.query<{ id: string }>(
    `select id from graphile_worker.add_job(
      $1, $2::json, $3, $4::timestamptz, $5::int, $6, $7::int, $8::text[], coalesce($9, 'replace')
    )`,
    [
      task,
      JSON.stringify(spec.payload ?? {}),
      spec.queue,
      spec.runAt,
      spec.maxAttempts,
      spec.key,
      spec.priority,
      spec.flags,
      spec.keyMode,
    ],
  );
  return rows[0]?.id ?? "";
}

/** Adds `count` jobs in one statement, `queue` with the number from 0 in place of `%`. */
export async function addJobs(
  pool: Pool,
  task: string,
  count: number,
  { queue, queues = 1 }: { readonly queue?: string; readonly queues?: number } = {},
): Promise<void> {
  await pool.query(
    `select count(*) from graphile_worker.add_jobs(array(
      select (
        $1, json_build_object('n', n), replace($3, '%', (n % $4)::text), null, null, null, null, null
      )::graphile_worker.job_spec
      from generate_series(0, $2::int - 1) as n
    ))`,
    [task, count, queue, queues],
  );
}

export interface JobRow {
  readonly id: string;
  readonly attempts: number;
  readonly max_attempts: number;
  readonly last_error: string | null;
  readonly locked_by: string | null;
  readonly run_at: Date;
  readonly key: string | null;
}

/** All jobs, oldest first. */
export async function listJobs(pool: Pool): Promise<JobRow[]> {
  const { rows } = await pool.query<JobRow>(
    "select * from graphile_worker._private_jobs order by id",
  );
  return rows;
}

/** How many jobs and queues are locked. */
export async function countLocks(pool: Pool): Promise<number> {
  const { rows } = await pool.query<{ count: number }>(
    `select (
      (select count(*) from graphile_worker._private_jobs where locked_by is not null)
      + (select count(*) from graphile_worker._private_job_queues where locked_by is not null)
    )::int as count`,
  );
  return rows[0]?.count ?? -1;
}

/** A promise that a test settles itself. */
export class Gate {
  readonly opened: Promise<void>;
  #open: () => void = () => {};

  constructor() {
    this.opened = new Promise((resolve) => {
      this.#open = resolve;
    });
  }

  open(): void {
    this.#open();
  }
}
