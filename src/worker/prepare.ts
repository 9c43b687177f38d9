import { setTimeout as sleep } from "node:timers/promises";
import { hiddenError, missingError } from "../database/privilege.js";
import { noteIsolation } from "../database/isolation.js";
import { askRole, type Queries } from "../database/queries.js";
import { explainUnreachable } from "../database/unreachable.js";
import { findHidden, jobTables, pauseTables } from "../database/visibility.js";
import { TaskwrightError } from "../errors.js";
import type { WorkerEvents } from "../events.js";
import { migrate } from "../migrate/index.js";
import { Backoff } from "../services/backoff.js";
import type { Connections } from "./connections.js";
import type { TaskIds } from "./task-ids.js";

export interface PrepareOptions {
  readonly connections: Connections;
  readonly queries: Queries;
  readonly taskIds: TaskIds;
  readonly events: WorkerEvents;
  readonly schema: string;
  readonly migrate: boolean;
  /** Undefined without heartbeats. */
  readonly recovery: object | undefined;
  /** Milliseconds to go on trying while the database can't be reached or written to. */
  readonly waitForDatabaseMs: number;
  readonly signal: AbortSignal | undefined;
}

/**
 * Makes sure of all that a worker needs before its first claim: a server that it can reach and write
 * to, an up-to-date schema, its tasks.
 * @throws TaskwrightError `DATABASE_UNREACHABLE`, `DATABASE_READ_ONLY`, `PRIVILEGE_MISSING`, and what `migrate` throws
 */
export async function prepare(options: PrepareOptions): Promise<void> {
  const endMs = performance.now() + options.waitForDatabaseMs;
  const backoff = new Backoff({ firstMs: 100, maxMs: 2000 });
  for (;;) {
    try {
      return await prepareOnce(options);
    } catch (error) {
      const explained = explainUnreachable(error);
      const leftMs = endMs - performance.now();
      if (leftMs <= 0 || options.signal?.aborted === true || !mayPass(explained)) throw explained;
      await sleep(Math.min(backoff.next(), leftMs), undefined, withSignal(options.signal));
    }
  }
}

async function prepareOnce(options: PrepareOptions): Promise<void> {
  const { connections, queries, taskIds, schema, events } = options;
  const [settings] = await queries.readTransactionSettings(connections.system);
  noteIsolation(connections.system, settings?.isolation);
  if (settings?.isReadOnly === true) {
    throw new TaskwrightError(
      "DATABASE_READ_ONLY",
      "The server is read-only: a standby, or default_transaction_read_only is on. A worker writes; connect it to the primary server.",
    );
  }
  if (options.migrate) {
    const { warnings } = await connections.withClient((client) => migrate({ schema, client }));
    for (const message of warnings) events.emit("migrate:warning", () => ({ message }));
  }
  await refuseWithoutPrivileges(options);
  await taskIds.list();
  await warnOfHidden(options);
}

/** Without these a worker could only repeat claims, or heartbeats, that fail. */
const privileges = {
  _private_jobs: ["select", "update", "delete"],
  _private_job_queues: ["update"],
};
const recoveryPrivileges = {
  _private_workers: ["insert", "update"],
  taskwright_workers: ["insert"],
};

async function refuseWithoutPrivileges(options: PrepareOptions): Promise<void> {
  const { connections, queries, schema, recovery } = options;
  const db = connections.system;
  const needed = recovery === undefined ? privileges : { ...privileges, ...recoveryPrivileges };
  const [lacks] = await queries.findMissingPrivileges(db, {
    schema,
    privileges: JSON.stringify(needed),
  });
  if (lacks === undefined) return;
  throw missingError(lacks.table, lacks.privilege, schema, await askRole(db));
}

/** What a worker reads. To a role that can't see their rows these tables look empty, without any error. */
const tables: readonly string[] = [
  ...jobTables,
  ...pauseTables,
  "_private_known_crontabs",
  "taskwright_retired_jobs",
  "taskwright_slots",
  "taskwright_starts",
  "taskwright_crashes",
  "taskwright_workers",
];

async function warnOfHidden({
  connections,
  queries,
  schema,
  events,
}: PrepareOptions): Promise<void> {
  const db = connections.system;
  const hidden = await findHidden(queries, db, schema, tables);
  if (hidden.length === 0) return;
  const { message } = hiddenError(hidden, { schema, needs: "worker", role: await askRole(db) });
  events.emit("access:warning", () => ({ message, tables: hidden }));
}

function mayPass(error: unknown): boolean {
  return (
    TaskwrightError.is(error) &&
    (error.code === "DATABASE_UNREACHABLE" || error.code === "DATABASE_READ_ONLY")
  );
}

function withSignal(signal: AbortSignal | undefined): { readonly signal?: AbortSignal } {
  return signal === undefined ? {} : { signal };
}
