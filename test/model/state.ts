import type { Pool } from "pg";
import type { ModelJob } from "./job.js";

/** A row as it should be. Times of day are accidents; whether one is over, or far away, is not. */
export interface Row {
  readonly id: number;
  readonly task: string;
  readonly queue: string | null;
  readonly payload: unknown;
  readonly priority: number;
  readonly runAt: "past" | "now" | "future";
  readonly attempts: number;
  readonly maxAttempts: number;
  readonly key: string | null;
  /** Of a job that lost its key it means nothing to anybody but its holder. */
  readonly revision: number | null;
  readonly flags: readonly string[];
  readonly lastError: string | null;
  readonly lockedBy: string | null;
}

export async function readJobs(pool: Pool): Promise<Row[]> {
  const { rows } = await pool.query<Row>(`
    select
      jobs.id::int,
      tasks.identifier as task,
      queues.queue_name as queue,
      jobs.payload,
      jobs.priority,
      case
        when jobs.run_at < '2010-01-01' then 'past'
        when jobs.run_at > '2100-01-01' then 'future'
        else 'now'
      end as "runAt",
      jobs.attempts,
      jobs.max_attempts as "maxAttempts",
      jobs.key,
      case when jobs.key is not null then jobs.revision end as revision,
      coalesce((select array_agg(flag order by flag) from jsonb_object_keys(jobs.flags) as flag), '{}')
        as flags,
      jobs.last_error as "lastError",
      jobs.locked_by as "lockedBy"
    from graphile_worker._private_jobs as jobs
    left join graphile_worker._private_tasks as tasks on tasks.id = jobs.task_id
    left join graphile_worker._private_job_queues as queues on queues.id = jobs.job_queue_id
    order by jobs.id`);
  return rows;
}

export async function readQueueHolders(pool: Pool): Promise<Map<string, string>> {
  const { rows } = await pool.query<{ queue_name: string; locked_by: string }>(
    `select queue_name, locked_by from graphile_worker._private_job_queues
    where locked_by is not null or locked_at is not null`,
  );
  return new Map(rows.map(({ queue_name, locked_by }) => [queue_name, locked_by]));
}

export function toRow(job: ModelJob): Row {
  const { lock, runAt, key, revision, ...rest } = job;
  return {
    ...rest,
    key,
    runAt: runAt === -Infinity ? "past" : runAt === Infinity ? "future" : "now",
    revision: key === null ? null : revision,
    lockedBy: lock?.worker ?? null,
  };
}
