import type { queries } from "../../generated/queries/index.js";
import { TaskwrightError } from "../errors.js";
import { serverFailure } from "./failure.js";
import { defaultSchema } from "./identifier.js";

/**
 * - `producer` adds jobs, keyed ones included.
 * - `worker` runs jobs: claims, settles, heartbeats, sweeps and schedules.
 * - `operator` looks at jobs and changes them, pauses, cleans up and sweeps.
 * - `reader` looks at jobs, queues, workers and numbers.
 */
export type RoleKind = "producer" | "worker" | "operator" | "reader";

export const roleKinds: readonly RoleKind[] = ["producer", "worker", "operator", "reader"];

/** PostgreSQL's code for a privilege that a role lacks, or for a row that no policy lets it write. */
const missingState = "42501";

type QueryName = keyof typeof queries;

/** What a query needs, where that is not a worker's rights. The owner's can't be granted. */
const kindsOfQueries: Partial<Record<QueryName, RoleKind | "owner">> = {
  addJobs: "producer",
  findJobs: "reader",
  findJobStates: "reader",
  listJobs: "reader",
  listQueues: "reader",
  listWorkers: "reader",
  listPauses: "reader",
  listKnownCronEntries: "reader",
  countJobs: "reader",
  sampleJobs: "reader",
  findHiddenTables: "reader",
  completeJobs: "operator",
  permanentlyFailJobs: "operator",
  rescheduleJobs: "operator",
  retryJobs: "operator",
  runJobsNow: "operator",
  removeJob: "operator",
  forceUnlockWorkers: "operator",
  deleteFailedJobs: "operator",
  findUnusedQueues: "operator",
  markQueues: "operator",
  checkQueues: "operator",
  deleteQueues: "operator",
  findUnusedTasks: "operator",
  markTasks: "operator",
  checkTasks: "operator",
  deleteTasks: "operator",
  addPause: "operator",
  removePause: "operator",
  lockLedger: "owner",
  recordRevisions: "owner",
  flagBreakingRevisions: "owner",
  dropSchema: "owner",
};

/** What was attempted when a privilege was found to be missing. */
export interface Attempt {
  readonly schema: string;
  readonly needs: RoleKind | "owner";
  /** The role; undefined when the database can't be asked. */
  readonly role: string | undefined;
}

/** Whether PostgreSQL refused a statement because of a privilege. */
export function lacksPrivilege(error: unknown): boolean {
  return serverFailure(error)?.state === missingState;
}

/** The kind of role that may run a query. */
export function kindOfQuery(name: string): RoleKind | "owner" {
  return kindsOfQueries[name as QueryName] ?? "worker";
}

/** The error of a statement that PostgreSQL refused because of a privilege. */
export function privilegeError(error: unknown, { schema, needs, role }: Attempt): TaskwrightError {
  const said = serverFailure(error)?.message ?? "";
  const object = objectIn(said);
  const command = needs === "owner" ? undefined : grantCommand(schema, role, needs);
  const who = role === undefined ? "The role of this connection" : `Role "${role}"`;
  return new TaskwrightError(
    "PRIVILEGE_MISSING",
    `${who} lacks a privilege for this on schema ${schema}. PostgreSQL: ${said}. ${adviceFor(said, command)}`,
    { schema, role, object, needs, command, sqlState: missingState },
    { cause: error },
  );
}

/** The error of a role that would have to own the schema. */
export function ownerError(schema: string, role: string | undefined): TaskwrightError {
  const who = role === undefined ? "The role of this connection" : `Role "${role}"`;
  return new TaskwrightError(
    "PRIVILEGE_MISSING",
    `${who} doesn't own the queue in schema ${schema}. Connect as the role that does, or as one of its members.`,
    { schema, role, needs: "owner" },
  );
}

/** The error of a worker's role without a privilege on a table, found before a statement needs it. */
export function missingError(
  table: string,
  privilege: string,
  schema: string,
  role: string | undefined,
): TaskwrightError {
  const who = role === undefined ? "The role of this connection" : `Role "${role}"`;
  const command = grantCommand(schema, role, "worker");
  return new TaskwrightError(
    "PRIVILEGE_MISSING",
    `${who} lacks the privilege ${privilege} on table ${table} of schema ${schema}, which a worker needs. ${adviceFor("", command)}`,
    { schema, role, object: table, privilege, needs: "worker", command },
  );
}

/** The error of a connection that was refused because of a privilege; other errors pass unchanged. */
export function explainConnectFailure(error: unknown): unknown {
  if (!lacksPrivilege(error)) return error;
  const said = serverFailure(error)?.message ?? "";
  return new TaskwrightError(
    "PRIVILEGE_MISSING",
    `The role may not connect to the database. PostgreSQL: ${said}. ${adviceFor(said, "")}`,
    { object: objectIn(said), sqlState: missingState },
    { cause: error },
  );
}

/**
 * The error of a role that reads a table in which it sees no rows, or not all, because of row level
 * security.
 */
export function hiddenError(
  tables: readonly string[],
  { schema, needs, role }: Attempt & { readonly needs: RoleKind },
): TaskwrightError {
  const command = grantCommand(schema, role, needs);
  return new TaskwrightError(
    "PRIVILEGE_MISSING",
    `${describeHidden(tables, schema, role)} ${adviceFor("", command)}`,
    { schema, role, object: tables[0], tables, needs, command },
  );
}

/** One sentence that says what a role can't see. */
export function describeHidden(
  tables: readonly string[],
  schema: string,
  role: string | undefined,
): string {
  const who = role === undefined ? "The role of this connection" : `Role "${role}"`;
  return `${who} can't see the rows of ${tables.join(", ")} in schema ${schema}: row level security is on, and no policy shows them all to this role.`;
}

/** The command that gives a role what it lacks. */
export function grantCommand(schema: string, role: string | undefined, kind: RoleKind): string {
  const place = schema === defaultSchema ? "" : ` --schema=${shellWord(schema)}`;
  const name = role === undefined ? "<role>" : shellWord(role);
  return `taskwright grant${place} --role=${name} --as=${kind}`;
}

function adviceFor(said: string, command: string | undefined): string {
  if (command === undefined) {
    return "Run `taskwright migrate` as the role that owns the schema; to create a schema, a role needs the right to create in the database.";
  }
  // When it connects, a role lacks the database's own privilege, which no grant on a schema contains.
  if (/\bdatabase\b/u.test(said)) return "Grant the role CONNECT on the database.";
  return `As the role that owns the schema, run: ${command}`;
}

/** The object that PostgreSQL's message names, in whichever language: the last word, or what is quoted. */
function objectIn(said: string): string | undefined {
  return /["«„](?<name>[^"»“]+)["»“]/u.exec(said)?.groups?.["name"] ?? /\S+$/u.exec(said)?.[0];
}

function shellWord(text: string): string {
  return /^[\w.-]+$/u.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`;
}
