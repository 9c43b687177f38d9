import type { Job, TaskSpec } from "../../src/index.js";
import { enqueue } from "../../src/index.js";
import { migrate } from "../../src/migrate/index.js";
import { defineTask } from "../../src/tasks/task.js";
import { createDatabase, type TestDatabase } from "../support/database.js";

/** The schemas that each function is tried in; the name of one needs quoting. */
export const schemas = ["graphile_worker", `odd "schema"`] as const;

/** A queue in one schema of a database. */
export interface TestQueue {
  readonly schema: string;
  readonly pool: TestDatabase["pool"];
  /** Runs SQL that is written for `graphile_worker`. */
  sql<Row extends object>(text: string, values?: unknown[]): Promise<Row[]>;
  /** Adds a job of any task. */
  add(task: string, spec?: TaskSpec, payload?: unknown): Promise<Job>;
  /** Locks a job, and the row of its queue, as a worker's claim does. */
  lock(id: string, workerId?: string, age?: string): Promise<void>;
  /** Makes a job of one that failed for good. */
  fail(id: string): Promise<void>;
  clear(): Promise<void>;
}

export interface TestQueues {
  readonly database: TestDatabase;
  in(schema: string): TestQueue;
}

/** A database with the schema installed under each of the names. */
export async function createQueues(): Promise<TestQueues> {
  const database = await createDatabase();
  for (const schema of schemas) await migrate({ pool: database.pool, schema });
  const queues = new Map(schemas.map((schema) => [schema as string, openQueue(database, schema)]));
  return {
    database,
    in: (schema) => {
      const queue = queues.get(schema);
      if (queue === undefined) throw new Error(`There is no schema ${schema}.`);
      return queue;
    },
  };
}

function openQueue({ pool }: TestDatabase, schema: string): TestQueue {
  const quoted = `"${schema.replaceAll('"', '""')}".`;
  const sql = async <Row extends object>(text: string, values: unknown[] = []) => {
    const { rows } = await pool.query<Row>(text.replaceAll("graphile_worker.", quoted), values);
    return rows;
  };
  return {
    schema,
    pool,
    sql,
    add: (identifier, spec = {}, payload = {}) =>
      enqueue(pool, defineTask({ identifier, schema, validator: () => true }), payload, spec),
    lock: async (id, workerId = "somebody", age = "0") => {
      await sql(
        `with job as (
          update graphile_worker._private_jobs
          set locked_by = $2, locked_at = now() - $3::interval, attempts = attempts + 1
          where id = $1 returning job_queue_id
        )
        update graphile_worker._private_job_queues as queues
        set locked_by = $2, locked_at = now() - $3::interval
        from job where queues.id = job.job_queue_id`,
        [id, workerId, age],
      );
    },
    fail: async (id) => {
      await sql(
        `update graphile_worker._private_jobs set attempts = max_attempts, last_error = 'oh no'
        where id = $1`,
        [id],
      );
    },
    clear: async () => {
      for (const table of [
        "_private_jobs",
        "_private_job_queues",
        "_private_tasks",
        "_private_workers",
        "taskwright_pauses",
      ]) {
        await sql(`delete from graphile_worker.${table}`);
      }
    },
  };
}

export const anHour = 3_600_000;

export function later(ms = anHour): Date {
  return new Date(Date.now() + ms);
}
