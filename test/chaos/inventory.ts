import type { Client } from "pg";
import { controlName, withControl, type Stage } from "./stage.js";

interface Row {
  readonly detail: string;
}

/** What must not be left once everybody has stopped, by its name. */
const leftovers: Readonly<Record<string, string>> = {
  "jobs that are locked": `select format('%s by %s', id, locked_by) as detail
    from graphile_worker._private_jobs where locked_by is not null or locked_at is not null`,
  "queues that are locked": `select format('%s by %s', queue_name, locked_by) as detail
    from graphile_worker._private_job_queues where locked_by is not null or locked_at is not null`,
  "workers that are registered": "select id as detail from graphile_worker._private_workers",
  "advisory locks": `select format('%s %s by %s', classid, objid, pid) as detail
    from pg_locks where locktype = 'advisory'`,
  "open transactions": `select format('%s, %s: %s', pid, state, query) as detail
    from pg_stat_activity
    where backend_type = 'client backend' and application_name <> '${controlName}'
    and (state <> 'idle' or xact_start is not null)`,
  connections: `select format('%s: %s', pid, query) as detail from pg_stat_activity
    where backend_type = 'client backend' and application_name <> '${controlName}'`,
};

/** Notes what is in the database in the end. */
export async function takeInventory(stage: Stage): Promise<void> {
  await withControl(stage, async (client) => {
    for (const [what, sql] of Object.entries(leftovers)) {
      const { rows } = await client.query<Row>(sql);
      if (rows.length === 0) continue;
      const detail = rows.map((row) => row.detail).join("; ");
      stage.ledger.write({ kind: "left", what, detail });
    }
    await noteFailedRows(stage, client);
    await noteEffects(stage, client);
  });
}

interface FailedRow {
  readonly job: string;
  readonly task: string;
  readonly key: string | null;
  readonly payload: { readonly request: string } | readonly { readonly request: string }[];
  readonly attempts: number;
  readonly maxAttempts: number;
  readonly lastError: string | null;
}

async function noteFailedRows({ ledger }: Stage, client: Client): Promise<void> {
  const { rows } = await client.query<FailedRow>(
    `select jobs.id as job, tasks.identifier as task, jobs.key, jobs.payload, jobs.attempts,
      jobs.max_attempts as "maxAttempts", jobs.last_error as "lastError"
    from graphile_worker._private_jobs as jobs
    join graphile_worker._private_tasks as tasks on tasks.id = jobs.task_id`,
  );
  for (const { payload, ...row } of rows) {
    const requests = [payload].flat().map(({ request }) => request);
    ledger.write({ kind: "failed row", ...row, requests });
  }
}

async function noteEffects({ ledger }: Stage, client: Client): Promise<void> {
  const { rows } = await client.query<{ request: string; count: number }>(
    "select request, count(*)::int as count from chaos_effects group by request",
  );
  for (const row of rows) ledger.write({ kind: "effect", ...row });
}
