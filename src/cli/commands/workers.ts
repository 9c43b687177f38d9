import { listWorkers, type WorkerInfo } from "../../manage/index.js";
import { exitCodes } from "../failure.js";
import { printResult, printTable, type Column } from "../output.js";
import type { DatabaseFlags } from "../session.js";
import { databaseCommand } from "./command.js";

const columns: readonly Column<WorkerInfo>[] = [
  { head: "worker", cell: ({ id }) => id },
  { head: "state", cell: stateOf },
  { head: "jobs", cell: ({ jobs }) => jobs, isNumber: true },
  { head: "queues", cell: ({ queues }) => queues, isNumber: true },
  { head: "oldest lock", cell: ({ oldestLockAt }) => oldestLockAt },
  { head: "started", cell: ({ startedAt }) => startedAt },
  { head: "last heartbeat", cell: ({ lastHeartbeatAt }) => lastHeartbeatAt },
];

/** Of a worker that never registered, such as Node's graphile-worker, nothing but its locks is known. */
export function stateOf({ isRegistered, isOverdue }: WorkerInfo): string {
  if (isOverdue) return "overdue";
  return isRegistered ? "alive" : "unregistered";
}

export const workersCommand = databaseCommand<DatabaseFlags>({
  name: "workers",
  description: "List the workers that are registered or hold locks, oldest first.",
  examples: `
    taskwright workers
    taskwright workers --json | jq '.workers[] | select(.isOverdue) | .id'`,
  run: async ({ db, schema, terminal }, flags) => {
    const workers = await listWorkers(db, { schema });
    printResult(terminal, flags, { workers }, () => printTable(terminal, columns, workers));
    return exitCodes.ok;
  },
});
