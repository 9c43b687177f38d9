import { TaskwrightError, toError } from "../errors.js";
import {
  arrayOf,
  date,
  integer,
  isRecord,
  maxInt16,
  name,
  oneOf,
  Rule,
  type Rules,
} from "../option-rules.js";
import { suggestion } from "../options.js";

/**
 * What happens when a job with the same key already waits.
 * Source: graphile-worker, "job key modes".
 */
export type JobKeyMode = "replace" | "preserve_run_at" | "unsafe_dedupe";

/** How one job is queued. The names are graphile-worker's. */
export interface TaskSpec {
  /** Not before this time, which lies after the year 0. Default: now. */
  readonly runAt?: Date;
  /** Lower runs first. Default 0; -32768 to 32767. */
  readonly priority?: number;
  /** Jobs of one queue run one at a time, across all workers. At most 128 characters; null: none. */
  readonly queueName?: string | null;
  /** How often the job may be attempted in all. Default 25; 1 to 32767. */
  readonly maxAttempts?: number;
  /** At most one waiting job has this key. At most 512 characters; null: none. */
  readonly jobKey?: string | null;
  /** What happens when a job with the key waits already. Default `replace`. */
  readonly jobKeyMode?: JobKeyMode;
  /** Workers may be told to leave jobs with certain flags alone. */
  readonly flags?: readonly string[];
}

const maxQueueNameLength = 128;
const maxJobKeyLength = 512;
/** The beginning of the year 1: PostgreSQL writes earlier ones in another way. */
const minTimeMs = -62_135_596_800_000;
const dateRule = date();
const isNull = (value: unknown) => value === null;

/** The rules of job options; the limits are those of the database's columns. */
export const specRules = {
  runAt: new Rule<Date>(
    "a valid Date after the year 0",
    (value) => dateRule.accepts(value) && Number(value) >= minTimeMs,
  ),
  priority: integer(-maxInt16 - 1, maxInt16),
  queueName: name(maxQueueNameLength).orIs<null>("null", isNull),
  maxAttempts: integer(1, maxInt16),
  jobKey: name(maxJobKeyLength).orIs<null>("null", isNull),
  jobKeyMode: oneOf("replace", "preserve_run_at", "unsafe_dedupe"),
  flags: arrayOf(name(), "non-empty strings"),
} satisfies Rules<TaskSpec>;

/**
 * The task's defaults with the caller's options on top, checked.
 * @throws TaskwrightError `SPEC_INVALID`, with the task and the option in its details.
 */
export function resolveSpec(task: string, defaults: TaskSpec, given: TaskSpec = {}): TaskSpec {
  const spec = { ...withoutUndefined(defaults), ...withoutUndefined(readOptions(task, given)) };
  for (const [option, value] of Object.entries(spec)) {
    const rule = Object.hasOwn(specRules, option) ? specRules[option as keyof TaskSpec] : undefined;
    if (rule === undefined) {
      const hint = suggestion(option, Object.keys(specRules));
      throw specError(task, option, `doesn't exist.${hint}`);
    }
    if (!rule.accepts(value)) throw specError(task, option, `must be ${rule.expected}.`);
  }
  if (given.jobKeyMode !== undefined && typeof spec.jobKey !== "string") {
    throw specError(task, "jobKeyMode", "has no effect without a jobKey: give both or neither.");
  }
  return spec;
}

function specError(task: string, option: string, problem: string): TaskwrightError {
  return new TaskwrightError("SPEC_INVALID", `Job option "${option}" of task ${task} ${problem}`, {
    task,
    option,
  });
}

/** A copy of the caller's options, who may be JavaScript's. */
function readOptions(task: string, given: unknown): TaskSpec {
  try {
    if (!isRecord(given)) return refuseOptions(task);
    const { flags, ...options }: Readonly<Record<string, unknown>> = { ...given };
    if (flags === undefined) return options;
    return { ...options, flags: Array.isArray(flags) ? Array.from(flags) : flags } as TaskSpec;
  } catch (error) {
    if (TaskwrightError.is(error)) throw error;
    throw new TaskwrightError(
      "SPEC_INVALID",
      `The job options of task ${task} can't be read: ${toError(error).message}`,
      { task },
      { cause: error },
    );
  }
}

function refuseOptions(task: string): never {
  throw new TaskwrightError(
    "SPEC_INVALID",
    `The job options of task ${task} must be an object, such as { priority: 5 }.`,
    { task },
  );
}

function withoutUndefined(spec: TaskSpec): TaskSpec {
  return Object.fromEntries(Object.entries(spec).filter(([, value]) => value !== undefined));
}
