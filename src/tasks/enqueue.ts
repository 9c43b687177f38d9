import { bindQueries } from "../database/queries.js";
import type { Executor } from "../database/executor.js";
import { insertJobs, type JobInsert } from "../jobs/insert.js";
import type { Job } from "../jobs/job.js";
import { TaskwrightError } from "../errors.js";
import { anything, arrayOf } from "../option-rules.js";
import { checkOption, checkOptions } from "../options.js";
import { payloadError } from "./issues.js";
import { toJson } from "./json.js";
import { checkPayloadSize } from "./payload-size.js";
import { resolveSpec, type TaskSpec } from "./spec.js";
import type { TaskDefinition } from "./task.js";

/** One job of a call that adds several. */
export interface JobItem<Input> {
  readonly payload: Input;
  /** Wins over the task's `x-task` defaults. */
  readonly spec?: TaskSpec;
}

/**
 * Adds one job. Called by the generated `add…` helpers.
 * @throws TaskwrightError `PAYLOAD_INVALID`, `PAYLOAD_TOO_LARGE`, `SPEC_INVALID`, `SCHEMA_MISSING`,
 * `EXECUTOR_INVALID`, `TRANSACTION_ABORTED`, `DATABASE_READ_ONLY`, `PRIVILEGE_MISSING`: nothing was added
 * then. After `DATABASE_UNREACHABLE` it isn't known whether the job was added, unless a transaction was open.
 */
export async function enqueue<Input, Payload>(
  db: Executor,
  task: TaskDefinition<Input, Payload>,
  payload: Input,
  spec?: TaskSpec,
): Promise<Job<Payload>> {
  const [job] = await insert<Payload>(db, task.schema, [toInsert(task, payload, spec)]);
  return job as Job<Payload>;
}

/**
 * Adds jobs of one task in one round trip: all or none. The result is in the order of the items.
 * @throws TaskwrightError as `enqueue`; `details.index` tells the item.
 */
export async function enqueueMany<Input, Payload>(
  db: Executor,
  task: TaskDefinition<Input, Payload>,
  items: readonly JobItem<Input>[],
): Promise<Job<Payload>[]> {
  const inserts = checkItems(task, items).map(({ payload, spec }, index) =>
    atIndex(index, () => toInsert(task, payload, spec)),
  );
  return insert<Payload>(db, task.schema, inserts);
}

/**
 * Adds the items of a batch task in one round trip: one job, or, past the task's `maxItems`,
 * several. Jobs with a key are not split, since the parts would merge into one job again.
 * @throws TaskwrightError as `enqueue`.
 */
export async function enqueueBatch<Item, Payload>(
  db: Executor,
  task: TaskDefinition<readonly Item[], Payload>,
  items: readonly Item[],
  spec?: TaskSpec,
): Promise<Job<Payload>[]> {
  const payloads = splitBatch(task, items, spec);
  const inserts = payloads.map((payload) => toInsert(task, payload, spec));
  return insert<Payload>(db, task.schema, inserts);
}

/** The payloads of the jobs that hold the items of a batch task, no more than `maxItems` each. */
export function splitBatch<Item, Payload>(
  task: TaskDefinition<readonly Item[], Payload>,
  items: readonly Item[],
  spec: TaskSpec | undefined,
): (readonly Item[])[] {
  // Not an array, it goes on to be refused by its validator.
  if (!Array.isArray(items)) return [items];
  const whole = resolveSpec(task.identifier, task.spec(items as Payload), spec);
  const maxItems = task.batch?.maxItems ?? Infinity;
  const size = typeof whole.jobKey === "string" ? items.length : Math.min(maxItems, items.length);
  const payloads: Item[][] = [];
  for (let start = 0; start < items.length; start += size) {
    payloads.push(items.slice(start, start + size));
  }
  return payloads;
}

async function insert<Payload>(
  db: Executor,
  schema: string,
  inserts: readonly JobInsert[],
): Promise<Job<Payload>[]> {
  if (inserts.length === 0) return [];
  const queries = bindQueries({ schema, preparedStatements: true });
  return (await insertJobs(queries, db, inserts)) as Job<Payload>[];
}

/** Validates what JSON makes of the payload; with its defaults filled in, that is what is stored. */
export function toInsert<Input, Payload>(
  task: TaskDefinition<Input, Payload>,
  payload: Input,
  given: TaskSpec | undefined,
): JobInsert {
  const { identifier } = task;
  const json = toJson(payload);
  if (!json.ok) throw payloadError(identifier, [json.issue]);
  // Before the validator, which may take long for a large payload; and again with defaults.
  checkPayloadSize(task, json.text);
  const result = task.validateParsed(JSON.parse(json.text));
  if (!result.ok) throw payloadError(identifier, result.issues);
  const spec = resolveSpec(identifier, task.spec(result.value), given);
  const text = JSON.stringify(result.value);
  checkPayloadSize(task, text);
  return { identifier, payload: text, spec };
}

const itemsRule = arrayOf(anything(), "objects with a payload and perhaps a spec");

/**
 * The items of a call, whose caller may be JavaScript's.
 * @throws TaskwrightError `OPTION_INVALID`, `OPTION_UNKNOWN`
 */
export function checkItems<Input>(
  { identifier }: { readonly identifier: string },
  items: readonly JobItem<Input>[],
): readonly JobItem<Input>[] {
  checkOption(`task ${identifier}`, "items", items, itemsRule);
  // Array.from also sees the holes of an array.
  return Array.from(items, (item, index) => atIndex(index, () => checkItem({ identifier }, item)));
}

const itemRules = { payload: anything(), spec: anything<TaskSpec>() };

/**
 * One item of a call, read once. What is in it is checked later.
 * @throws TaskwrightError `OPTION_INVALID`, `OPTION_UNKNOWN`
 */
export function checkItem<Input>(
  { identifier }: { readonly identifier: string },
  item: JobItem<Input>,
): JobItem<Input> {
  const { payload, spec } = checkOptions(`An item of task ${identifier}`, item, itemRules);
  return { payload: payload as Input, ...(spec === undefined ? {} : { spec }) };
}

/** Adds to an error which of many items it is about. */
export function atIndex<T>(index: number, make: () => T): T {
  try {
    return make();
  } catch (error) {
    if (!TaskwrightError.is(error)) throw error;
    const message = `Item ${index}: ${error.message}`;
    throw new TaskwrightError(error.code, message, { ...error.details, index }, { cause: error });
  }
}
