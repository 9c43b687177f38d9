import { AssertionError } from "node:assert";
import { types } from "node:util";
import type { Executor } from "../database/executor.js";
import { defaultSchema } from "../database/identifier.js";
import { listJobs, type JobPage } from "../manage/list-jobs.js";
import { manage, manageRules, reads } from "../manage/options.js";
import type { StoredJob } from "../jobs/stored-job.js";
import {
  integer,
  isRecord,
  pickRules,
  record,
  Rule,
  schemaName,
  type Rules,
} from "../option-rules.js";
import { checkOption, checkOptions, refuseOption, type Checked } from "../options.js";
import type { PayloadOf } from "../tasks/handlers.js";
import { specRules, type TaskSpec } from "../tasks/spec.js";
import type { AnyTask } from "../tasks/task.js";
import { describeDifference, differences, show, type Difference, type PartOf } from "./match.js";
import { readPattern } from "./pattern.js";
import { taskRule } from "./task-rule.js";

/** The jobs that were there at a moment, from `markJobs`. */
export interface JobMark {
  /** How often each had been replaced through its key, by id. */
  readonly revisions: ReadonlyMap<string, number>;
}

/** Where {@link markJobs} looks. */
export interface MarkOptions {
  /** Unquoted name of the schema. Default `graphile_worker`. */
  readonly schema?: string;
}

/** Which of a task's jobs are looked at. */
export interface EnqueuedOptions {
  /** Only jobs that were added, or replaced through their key, after this. Default: all. */
  readonly since?: JobMark;
  /** Unquoted name of the schema. Default: the task's. */
  readonly schema?: string;
}

/** Which jobs there are to be, or not to be. */
export interface AssertEnqueuedOptions extends EnqueuedOptions {
  /** How the job was added: the options that matter, none of them undefined. */
  readonly spec?: Omit<TaskSpec, "jobKeyMode">;
  /** How many jobs there are to be. Default: at least one. */
  readonly count?: number;
}

const markRule = new Rule<JobMark>(
  "what markJobs gave",
  (value) => isRecord(value) && types.isMap(value["revisions"]),
);

/** Each option's rule. */
const enqueuedRules = { since: markRule, schema: schemaName() } satisfies Rules<EnqueuedOptions>;
const notEnqueuedRules = {
  ...enqueuedRules,
  spec: record<NonNullable<AssertEnqueuedOptions["spec"]>>("an object of job options"),
} satisfies Rules<Omit<AssertEnqueuedOptions, "count">>;
const assertEnqueuedRules = {
  ...notEnqueuedRules,
  count: integer(0, Number.MAX_SAFE_INTEGER),
} satisfies Rules<AssertEnqueuedOptions>;

/** What a job's row says of how it was added: not the mode of its key. */
const comparableRules = pickRules(specRules, [
  "runAt",
  "priority",
  "queueName",
  "maxAttempts",
  "jobKey",
  "flags",
]) satisfies Rules<Omit<TaskSpec, "jobKeyMode">>;

/**
 * Remembers which jobs there are, so that those that come after it can be told from them. It reads the
 * ids of all jobs: it is meant for a test's database.
 * @throws TaskwrightError `OPTION_UNKNOWN`, `SCHEMA_MISSING`
 */
export async function markJobs(db: Executor, options: MarkOptions = {}): Promise<JobMark> {
  const rows = await manage("markJobs", reads, options, manageRules, (queries) =>
    queries.listRevisions(db),
  );
  return { revisions: new Map(rows.map(({ id, revision }) => [id, revision])) };
}

/**
 * The jobs of a task, oldest first, whatever their state. Completed ones are gone: no worker should
 * run while a test looks at what was enqueued.
 * @throws TaskwrightError `OPTION_UNKNOWN`, `SCHEMA_MISSING`
 */
export async function enqueuedJobs<Task extends AnyTask>(
  db: Executor,
  task: Task,
  options: EnqueuedOptions = {},
): Promise<StoredJob<PayloadOf<Task>>[]> {
  checkOption("enqueuedJobs", "task", task, taskRule);
  const checked = checkOptions("enqueuedJobs", options, enqueuedRules);
  const { since, schema = task.schema ?? defaultSchema } = checked;
  const jobs: StoredJob[] = [];
  let cursor: string | null = null;
  do {
    const page: JobPage = await listJobs(db, {
      task: task.identifier,
      schema,
      order: "oldest",
      limit: 1000,
      ...(cursor === null ? {} : { cursor }),
    });
    for (const each of page.jobs) jobs.push(each);
    cursor = page.nextCursor;
  } while (cursor !== null);
  const isNew = ({ id, revision }: StoredJob) => since?.revisions.get(id) !== revision;
  return jobs.filter(isNew) as StoredJob<PayloadOf<Task>>[];
}

/**
 * Asserts that a job of a task was enqueued, with this in its payload, and returns all such jobs.
 * @param payload The part of the payload that matters: of objects some fields, of arrays every
 * element. A Date is compared as its JSON text. A field that is undefined, and what JSON can't hold, is
 * refused (`OPTION_INVALID`). Default: any payload.
 * @throws AssertionError Of `node:assert`; it says how the closest job differs.
 * @throws TaskwrightError as `enqueuedJobs`
 */
export async function assertEnqueued<Task extends AnyTask>(
  db: Executor,
  task: Task,
  payload?: PartOf<PayloadOf<Task>>,
  options: AssertEnqueuedOptions = {},
): Promise<StoredJob<PayloadOf<Task>>[]> {
  const checked = checkOptions("assertEnqueued", options, assertEnqueuedRules);
  const { matching, others, wanted } = await look("assertEnqueued", db, task, payload, checked);
  const { count } = checked;
  if (count === undefined ? matching.length > 0 : matching.length === count) return matching;
  const number = count === undefined ? "A job" : count === 1 ? "One job" : `${count} jobs`;
  const lines = [
    `${number} of task ${task.identifier} should have been enqueued with ${describe(wanted)}; there ${are(matching.length)}.`,
    ...describeClosest(others),
  ];
  throw new AssertionError({
    message: lines.join("\n"),
    actual: [...matching, ...others.map(({ job }) => job)].map((job) => job.payload),
    expected: wanted.payload,
    operator: "assertEnqueued",
  });
}

/**
 * Asserts that no job of a task was enqueued with this in its payload.
 * @throws AssertionError, TaskwrightError as `assertEnqueued`
 */
export async function assertNotEnqueued<Task extends AnyTask>(
  db: Executor,
  task: Task,
  payload?: PartOf<PayloadOf<Task>>,
  options: Omit<AssertEnqueuedOptions, "count"> = {},
): Promise<void> {
  const checked = checkOptions("assertNotEnqueued", options, notEnqueuedRules);
  const { matching, wanted } = await look("assertNotEnqueued", db, task, payload, checked);
  if (matching.length === 0) return;
  const jobs = matching.map(({ id, payload }) => `  job ${id}: ${show(payload)}`);
  throw new AssertionError({
    message: `No job of task ${task.identifier} should have been enqueued with ${describe(wanted)}; there ${are(matching.length)}:\n${jobs.join("\n")}`,
    actual: matching.map((job) => job.payload),
    expected: [],
    operator: "assertNotEnqueued",
  });
}

interface Wanted {
  readonly payload: unknown;
  readonly spec: AssertEnqueuedOptions["spec"];
}

interface Other {
  readonly job: StoredJob;
  readonly differences: readonly Difference[];
}

async function look<Task extends AnyTask>(
  owner: string,
  db: Executor,
  task: Task,
  payload: unknown,
  { since, schema, spec }: Checked<typeof notEnqueuedRules>,
) {
  checkOption(owner, "task", task, taskRule);
  const wanted: Wanted = {
    payload: payload === undefined ? undefined : readPattern(owner, payload),
    spec: spec === undefined ? undefined : readSpec(`${owner}.spec`, spec),
  };
  const jobs = await enqueuedJobs(db, task, {
    ...(since === undefined ? {} : { since }),
    ...(schema === undefined ? {} : { schema }),
  });
  const matching: StoredJob<PayloadOf<Task>>[] = [];
  const others: Other[] = [];
  for (const job of jobs) {
    const found = differencesOf(job, wanted);
    if (found.length === 0) matching.push(job);
    else others.push({ job, differences: found });
  }
  return { matching, others, wanted };
}

/** The options to look for. One that is undefined would match anything. */
function readSpec(owner: string, given: object): NonNullable<AssertEnqueuedOptions["spec"]> {
  const names = Object.keys(given) as (keyof typeof comparableRules)[];
  const spec = checkOptions(owner, given, comparableRules);
  for (const name of names) {
    if (spec[name] !== undefined) continue;
    refuseOption(owner, name, `${comparableRules[name].expected}; undefined would match any`);
  }
  return Object.fromEntries(names.map((name) => [name, spec[name]]));
}

function differencesOf(job: StoredJob, { payload, spec = {} }: Wanted): Difference[] {
  const inPayload = payload === undefined ? [] : differences(payload, job.payload);
  return [...inPayload, ...specDifferences(job, spec)];
}

function specDifferences(job: StoredJob, spec: Omit<TaskSpec, "jobKeyMode">): Difference[] {
  const actual: Readonly<Record<string, unknown>> = { ...job, jobKey: job.key };
  return Object.entries(spec)
    .filter(([option, value]) => comparable(value) !== comparable(actual[option]))
    .map(([option, value]) => ({ place: option, expected: value, actual: actual[option] }));
}

/** Flags have no order. */
function comparable(value: unknown): string {
  return show(Array.isArray(value) ? (value as unknown[]).map(show).sort() : value);
}

function describeClosest(others: readonly Other[]): string[] {
  const closest = [...others].sort((a, b) => a.differences.length - b.differences.length)[0];
  if (closest === undefined) return ["No other job of the task is there."];
  const lines = closest.differences.map((difference) => `  ${describeDifference(difference)}`);
  return [`Of ${others.length} others the closest is job ${closest.job.id}:`, ...lines];
}

function describe({ payload, spec }: Wanted): string {
  const parts = [payload === undefined ? "any payload" : show(payload)];
  if (spec !== undefined) parts.push(`the options ${show(spec)}`);
  return parts.join(" and ");
}

function are(count: number): string {
  if (count === 0) return "is none";
  return count === 1 ? "is one" : `are ${count}`;
}
