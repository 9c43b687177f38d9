import { Client, Pool } from "pg";
import { expect } from "vitest";
import { plainTypes } from "./plain-types.js";

/** A job as a handler sees it, in our worker or in a peer's. */
export interface LoggedJob {
  readonly id: string;
  readonly queueName: string | null;
}

interface Run {
  readonly id: string;
  readonly job_id: string;
  readonly queue: string | null;
  readonly worker: string;
  readonly completed: boolean;
}

/**
 * When each job ran, by one clock: the server's that holds the log. Keep it in another database, or
 * on another server, than the jobs, so that it outlives what a test does to these.
 */
export class RunLog {
  readonly #pool: Pool;

  private constructor(pool: Pool) {
    this.#pool = pool;
  }

  /** Opens the log of a database; makes it when it isn't there. */
  static async open(connectionString: string): Promise<RunLog> {
    const pool = new Pool({ connectionString, max: 4, types: plainTypes });
    // Its connections are cut by tests, and at the end by the database's drop.
    pool.on("error", () => {});
    await pool.query(
      `create table if not exists runs (
        id bigint generated always as identity primary key,
        job_id text not null,
        queue text,
        worker text not null,
        started_at timestamptz not null default clock_timestamp(),
        ended_at timestamptz,
        completed boolean not null default false
      )`,
    );
    return new RunLog(pool);
  }

  async close(): Promise<void> {
    await this.#pool.end();
  }

  /** Runs a handler's work between the notes of its start and its end. */
  async record(job: LoggedJob, worker: string, work: () => Promise<unknown>): Promise<void> {
    const { rows } = await this.#pool.query<{ id: string }>(
      "insert into runs (job_id, queue, worker) values ($1, $2, $3) returning id",
      [job.id, job.queueName, worker],
    );
    let completed = false;
    try {
      await work();
      completed = true;
    } finally {
      await this.#pool.query(
        "update runs set ended_at = clock_timestamp(), completed = $2 where id = $1",
        [rows[0]?.id, completed],
      );
    }
  }

  /** How many jobs have been completed at least once. */
  async countCompleted(): Promise<number> {
    const { rows } = await this.#pool.query<{ count: number }>(
      "select count(distinct job_id)::int as count from runs where completed",
    );
    return rows[0]?.count ?? 0;
  }

  /** Which workers completed jobs. */
  async workers(): Promise<string[]> {
    const { rows } = await this.#pool.query<{ worker: string }>(
      "select distinct worker from runs where completed order by worker",
    );
    return rows.map(({ worker }) => worker);
  }

  /**
   * Checks what must be true of any history: each of `jobs` jobs was completed, no two runs in one
   * queue overlapped, nothing is left in the queue's database, and no lock.
   * @param jobs How many jobs were added.
   * @param queueUrl The database that holds the jobs.
   */
  async assertSound(jobs: number, queueUrl: string): Promise<void> {
    expect(await this.countCompleted(), "jobs that were completed").toBe(jobs);
    expect(await this.#overlaps(), "runs in one queue at the same time").toEqual([]);
    expect(await countLeft(queueUrl), "what is left").toEqual({ jobs: 0, locks: 0 });
  }

  async #overlaps(): Promise<unknown[]> {
    // A run without an end was cut off with its process, which nobody could note.
    const { rows } = await this.#pool.query<{ first: Run; second: Run }>(
      `select to_json(first) as first, to_json(second) as second
      from runs as first
      join runs as second on second.queue = first.queue and second.id <> first.id
        and second.started_at >= first.started_at and second.started_at < first.ended_at`,
    );
    return rows;
  }
}

/** How many jobs there are, and how many jobs and queues are locked. */
export async function countLeft(connectionString: string): Promise<unknown> {
  const client = new Client({ connectionString, types: plainTypes });
  await client.connect();
  try {
    const { rows } = await client.query(
      `select
        (select count(*) from graphile_worker._private_jobs)::int as jobs,
        (
          (select count(*) from graphile_worker._private_jobs where locked_by is not null)
          + (select count(*) from graphile_worker._private_job_queues where locked_by is not null)
        )::int as locks`,
    );
    return rows[0];
  } finally {
    await client.end();
  }
}
