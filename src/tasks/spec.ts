import { types } from "node:util";
import { TaskwrightError, toError } from "../errors.js";
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

const jobKeyModes: readonly string[] = ["replace", "preserve_run_at", "unsafe_dedupe"];
const maxInt16 = 32_767;
const maxQueueNameLength = 128;
const maxJobKeyLength = 512;
/** The beginning of the year 1: PostgreSQL writes earlier ones in another way. */
const minTimeMs = -62_135_596_800_000;

/** Each option's test and what it must be; the limits are those of the database's columns. */
const rules: Readonly<Record<keyof TaskSpec, { ok(value: unknown): boolean; expected: string }>> = {
  runAt: { ok: isDate, expected: "a valid Date after the year 0" },
  priority: {
    ok: (value) => isInteger(value, -maxInt16 - 1, maxInt16),
    expected: `an integer from -32768 to ${maxInt16}`,
  },
  queueName: {
    ok: (value) => value === null || isText(value, maxQueueNameLength),
    expected: `a string of 1 to ${maxQueueNameLength} characters, or null`,
  },
  maxAttempts: {
    ok: (value) => isInteger(value, 1, maxInt16),
    expected: `an integer from 1 to ${maxInt16}`,
  },
  jobKey: {
    ok: (value) => value === null || isText(value, maxJobKeyLength),
    expected: `a string of 1 to ${maxJobKeyLength} characters, or null`,
  },
  jobKeyMode: {
    ok: (value) => jobKeyModes.includes(value as string),
    expected: `one of ${jobKeyModes.join(", ")}`,
  },
  flags: {
    ok: (value) =>
      Array.isArray(value) && Array.from(value).every((flag) => isText(flag, Infinity)),
    expected: "an array of non-empty strings",
  },
};

/**
 * The task's defaults with the caller's options on top, checked.
 * @throws TaskwrightError `SPEC_INVALID`, with the task and the option in its details.
 */
export function resolveSpec(task: string, defaults: TaskSpec, given: TaskSpec = {}): TaskSpec {
  const spec = { ...withoutUndefined(defaults), ...withoutUndefined(readOptions(task, given)) };
  for (const [option, value] of Object.entries(spec)) {
    const rule = Object.hasOwn(rules, option) ? rules[option as keyof TaskSpec] : undefined;
    if (rule === undefined) {
      const hint = suggestion(option, Object.keys(rules));
      throw specError(task, option, `doesn't exist.${hint}`);
    }
    if (!rule.ok(value)) throw specError(task, option, `must be ${rule.expected}.`);
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
  const isObject = typeof given === "object" && given !== null;
  if (!isObject || Array.isArray(given) || types.isDate(given)) {
    throw new TaskwrightError(
      "SPEC_INVALID",
      `The job options of task ${task} must be an object, such as { priority: 5 }.`,
      { task },
    );
  }
  try {
    return { ...given };
  } catch (error) {
    throw new TaskwrightError(
      "SPEC_INVALID",
      `The job options of task ${task} can't be read: ${toError(error).message}`,
      { task },
      { cause: error },
    );
  }
}

function withoutUndefined(spec: TaskSpec): TaskSpec {
  return Object.fromEntries(Object.entries(spec).filter(([, value]) => value !== undefined));
}

function isDate(value: unknown): boolean {
  return types.isDate(value) && value.getTime() >= minTimeMs;
}

function isInteger(value: unknown, min: number, max: number): boolean {
  return Number.isInteger(value) && (value as number) >= min && (value as number) <= max;
}

/**
 * PostgreSQL counts characters, JavaScript UTF-16 units; and no text may hold a NUL or half of a
 * surrogate pair.
 */
function isText(value: unknown, maxLength: number): boolean {
  if (typeof value !== "string" || value === "" || /[\0\p{Surrogate}]/u.test(value)) return false;
  return value.length <= maxLength || Array.from(value).length <= maxLength;
}
