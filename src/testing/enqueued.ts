import { AssertionError } from "node:assert";
import type { Executor } from "../database/executor.js";
import { defaultSchema } from "../database/identifier.js";
import { listJobs, type JobPage } from "../manage/list-jobs.js";
import { manage } from "../manage/options.js";
import type { StoredJob } from "../jobs/stored-job.js";
import { refuseUnknownOptions } from "../options.js";
import type { PayloadOf } from "../tasks/handlers.js";
import { toJson } from "../tasks/json.js";
import type { TaskSpec } from "../tasks/spec.js";
import type { AnyTask } from "../tasks/task.js";
import { describeDifference, differences, show, type Difference, type PartOf } from "./match.js";

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
  /** How the job was added. */
  readonly spec?: Omit<TaskSpec, "jobKeyMode">;
  /** How many jobs there are to be. Default: at least one. */
  readonly count?: number;
}

/**
 * Remembers which jobs there are, so that those that come after it can be told from them. It reads the
 * ids of all jobs: it is meant for a test's database.
 * @throws TaskwrightError `OPTION_UNKNOWN`, `SCHEMA_MISSING`
 */
export async function markJobs(db: Executor, options: MarkOptions = {}): Promise<JobMark> {
  const rows = await manage("markJobs", options, [], (queries) => queries.listRevisions(db));
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
  refuseUnknownOptions("enqueuedJobs", options, ["since", "schema"]);
  const { since, schema = task.schema ?? defaultSchema } = options;
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
    jobs.push(...page.jobs);
    cursor = page.nextCursor;
  } while (cursor !== null);
  const isNew = ({ id, revision }: StoredJob) => since?.revisions.get(id) !== revision;
  return jobs.filter(isNew) as StoredJob<PayloadOf<Task>>[];
}

/**
 * Asserts that a job of a task was enqueued, with this in its payload, and returns all such jobs.
 * @param payload The part of the payload that matters: of objects some fields, of arrays every
 * element. Default: any payload.
 * @throws AssertionError Of `node:assert`; it says how the closest job differs.
 * @throws TaskwrightError as `enqueuedJobs`
 */
export async function assertEnqueued<Task extends AnyTask>(
  db: Executor,
  task: Task,
  payload?: PartOf<PayloadOf<Task>>,
  options: AssertEnqueuedOptions = {},
): Promise<StoredJob<PayloadOf<Task>>[]> {
  const { matching, others, wanted } = await look("assertEnqueued", db, task, payload, options);
  const { count } = options;
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
  const { matching, wanted } = await look("assertNotEnqueued", db, task, payload, options);
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
  options: AssertEnqueuedOptions,
) {
  refuseUnknownOptions(owner, options, ["since", "schema", "spec", "count"]);
  const { since, schema, spec } = options;
  const wanted: Wanted = { payload: payload === undefined ? undefined : asJson(payload), spec };
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

/** As a payload would have it; what JSON has no word for is in no payload, and told as it is. */
function asJson(payload: unknown): unknown {
  const json = toJson(payload);
  return json.ok ? JSON.parse(json.text) : payload;
}

function differencesOf(job: StoredJob, { payload, spec = {} }: Wanted): Difference[] {
  const inPayload = payload === undefined ? [] : differences(payload, job.payload);
  return [...inPayload, ...specDifferences(job, spec)];
}

function specDifferences(job: StoredJob, spec: Omit<TaskSpec, "jobKeyMode">): Difference[] {
  const actual: Readonly<Record<string, unknown>> = { ...job, jobKey: job.key };
  return Object.entries(spec)
    .filter(([, value]) => value !== undefined)
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
