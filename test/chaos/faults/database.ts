import { setTimeout as delay } from "node:timers/promises";
import { sweepThresholdMs } from "../roles/tasks.js";
import { controlName, withControl, type Stage } from "../stage.js";
import type { Fault } from "./fault.js";

/** Calls a function of the server's with the backends of the run, or with about half of them. */
async function onBackends(stage: Stage, name: string, condition: string): Promise<void> {
  await withControl(stage, (client) =>
    client.query(
      `select ${name}(pid) from pg_stat_activity
      where backend_type = 'client backend' and application_name <> $1 and ${condition}`,
      [controlName],
    ),
  );
}

/** Takes locks in a transaction and holds them. */
function holding(statements: (target: string) => readonly string[]): Fault["run"] {
  return (stage, target, ms) =>
    withControl(stage, async (client) => {
      await client.query("begin");
      // Whoever has to wait for an open transaction of a producer's should not wait in vain.
      await client.query("set local lock_timeout = '3s'");
      for (const statement of statements(target)) await client.query(statement);
      await delay(ms);
      await client.query("rollback");
    });
}

const durationMs = [500, 1.5 * sweepThresholdMs] as const;

export const databaseFaults = {
  "terminate backends": {
    targets: "nobody",
    durationMs: [0, 0],
    run: (stage) => onBackends(stage, "pg_terminate_backend", "random() < 0.5"),
  },
  "cancel queries": {
    targets: "nobody",
    durationMs: [0, 0],
    run: (stage) => onBackends(stage, "pg_cancel_backend", "state = 'active'"),
  },
  "lock table": {
    targets: "table",
    durationMs,
    run: holding((table) => [`lock table graphile_worker.${table} in access exclusive mode`]),
  },
  "lock rows": {
    targets: "nobody",
    durationMs,
    run: holding(() => [
      `select from graphile_worker._private_jobs where random() < 0.5 for update skip locked`,
      `select from graphile_worker._private_job_queues where random() < 0.5 for update skip locked`,
    ]),
  },
} as const satisfies Readonly<Record<string, Fault>>;
