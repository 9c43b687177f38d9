import type { Executor, Job } from "taskwright";

/** What the database says of one task after the run. */
export interface LedgerRow {
  readonly task: string;
  readonly enqueued: number;
  readonly completed: number;
  readonly retried: number;
  readonly failed: number;
  /** Jobs that are neither gone nor failed for good, or still locked. */
  readonly unsettled: number;
}

type JobReference = Pick<Job, "id" | "task">;

/**
 * The demo's own tables: which jobs it added, and which attempt of each ran to its end. With them
 * the database can be asked what happened, whatever else is in the queue.
 */
export class Ledger {
  async create(db: Executor): Promise<void> {
    await db.query("drop table if exists demo_jobs, demo_runs", []);
    await db.query("create table demo_jobs (id bigint primary key, task text not null)", []);
    await db.query("create table demo_runs (job_id bigint primary key, attempt int not null)", []);
  }

  /** Notes the jobs that were added. */
  async expect(db: Executor, jobs: readonly JobReference[]): Promise<void> {
    await db.query("insert into demo_jobs select * from unnest($1::bigint[], $2::text[])", [
      jobs.map(({ id }) => id),
      jobs.map(({ task }) => task),
    ]);
  }

  /** Notes a run; the primary key makes a second successful run of one job fail loudly. */
  async record(db: Executor, job: Pick<Job, "id" | "attempts">): Promise<void> {
    await db.query("insert into demo_runs (job_id, attempt) values ($1, $2)", [
      job.id,
      job.attempts,
    ]);
  }

  async read(db: Executor): Promise<LedgerRow[]> {
    const { rows } = await db.query(
      `select demo_jobs.task,
         count(*)::int as enqueued,
         (count(*) filter (where attempt is not null and jobs.id is null))::int as completed,
         (count(*) filter (where attempt > 1))::int as retried,
         (count(*) filter (where jobs.attempts >= jobs.max_attempts and jobs.locked_by is null))::int
           as failed,
         (count(*) filter (where jobs.attempts < jobs.max_attempts or jobs.locked_by is not null))::int
           as unsettled
       from demo_jobs
       left join demo_runs on demo_runs.job_id = demo_jobs.id
       left join graphile_worker.jobs on jobs.id = demo_jobs.id
       group by demo_jobs.task`,
      [],
    );
    return rows as LedgerRow[];
  }
}
