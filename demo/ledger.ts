import type { Executor, Job } from "taskwright";

/** What the database says of one task after the run. */
export interface LedgerRow {
  readonly task: string;
  readonly completed: number;
  readonly retried: number;
  readonly failed: number;
  readonly waiting: number;
}

/** The demo's own table: each handler writes a row, so that the database can be asked what ran. */
export class Ledger {
  async create(db: Executor): Promise<void> {
    await db.query("drop table if exists demo_runs", []);
    await db.query(
      "create table demo_runs (job_id bigint primary key, task text not null, attempt int not null)",
      [],
    );
  }

  /** The primary key makes a second successful run of one job fail loudly. */
  async record(db: Executor, job: Pick<Job, "id" | "task" | "attempts">): Promise<void> {
    await db.query("insert into demo_runs (job_id, task, attempt) values ($1, $2, $3)", [
      job.id,
      job.task,
      job.attempts,
    ]);
  }

  /** Counts what ran in this demo, and what it left in the queue. */
  async read(db: Executor): Promise<LedgerRow[]> {
    const { rows } = await db.query(
      `with runs as (
         select task, count(*)::int as completed, (count(*) filter (where attempt > 1))::int as retried
         from demo_runs group by task
       ), left_over as (
         select task_identifier as task,
           (count(*) filter (where attempts >= max_attempts and locked_by is null))::int as failed,
           (count(*) filter (where attempts < max_attempts or locked_by is not null))::int as waiting
         from graphile_worker.jobs group by task_identifier
       )
       select coalesce(runs.task, left_over.task) as task,
         coalesce(completed, 0) as completed, coalesce(retried, 0) as retried,
         coalesce(failed, 0) as failed, coalesce(waiting, 0) as waiting
       from runs full join left_over on left_over.task = runs.task`,
      [],
    );
    return rows as LedgerRow[];
  }
}
