import { TaskwrightError, toError } from "../errors.js";
import {
  anything,
  arrayOf,
  integer,
  isRecord,
  milliseconds,
  oneOf,
  record,
  type Rules,
} from "../option-rules.js";
import { checkOptions, suggestion, type Checked } from "../options.js";
import type { TaskRegistry } from "../tasks/handlers.js";
import { payloadError } from "../tasks/issues.js";
import { toJson } from "../tasks/json.js";
import { checkPayloadSize, defaultMaxPayloadBytes } from "../tasks/payload-size.js";
import { resolveSpec, type TaskSpec } from "../tasks/spec.js";
import type { AnyTask, ValidationResult } from "../tasks/task.js";
import { entryOptions, jobOptions, maxBackfillMs, type CronEntry } from "./entry.js";
import { readFields, splitWords } from "./fields.js";
import { crontabRule, readCrontab } from "./parse-crontab.js";
import {
  createIdRegister,
  cronError,
  describeUnknownTask,
  type CronPlace,
  type CronProblem,
} from "./problem.js";
import { createSchedule, type Schedule } from "./schedule.js";
import { readTaskSchedules } from "./task-schedules.js";
import { describeZone, isTimeZone } from "./zone.js";

/** Where recurring jobs come from; all sources are joined. */
export interface CronSources {
  /** A crontab's text. */
  readonly crontab?: string;
  /** Made by `defineCron`, `parseCrontab` or by hand. */
  readonly entries?: readonly CronEntry[];
  /** The project's tasks; their `x-task.cron` schedules are a third source. */
  readonly tasks: TaskRegistry;
  /**
   * Whether an entry may name a task that is not among `tasks`, because other workers run it. Its
   * payload can't be checked then. Default `refuse`.
   */
  readonly unknownTasks?: "refuse" | "allow";
}

/** A recurring job that is ready to be scheduled. */
export interface ResolvedCronEntry {
  readonly id: string;
  readonly task: string;
  /** The schedule's text, its fields a space apart. */
  readonly expression: string;
  readonly schedule: Schedule;
  /** With the task's defaults, without `_cron`. */
  readonly payload: Readonly<Record<string, unknown>>;
  /** The task's defaults with the entry's options on top. */
  readonly spec: TaskSpec;
  readonly backfillMs: number;
}

/** What was written in one place. */
interface CronSource {
  readonly name: string;
  readonly entries: readonly CronEntry[];
  readonly problems: readonly CronProblem[];
}

/** Each option's rule and default. Problems of an entry are reported with its place. */
const rules = {
  crontab: crontabRule.or(""),
  entries: arrayOf(anything<CronEntry>(), "entries").or(Object.freeze([])),
  tasks: record<TaskRegistry>("the tasks by identifier, from codegen").required(),
  unknownTasks: oneOf("refuse", "allow").or("refuse"),
} satisfies Rules<CronSources>;

type CheckedSources = Checked<typeof rules>;

const maxIdentifierLength = 128;
const lineRule = integer(1, Number.MAX_SAFE_INTEGER);
const backfillRule = milliseconds(0, maxBackfillMs);

type Fail = (problem: Omit<CronProblem, keyof CronPlace>) => void;

/**
 * Joins the entries of all sources and checks them: schedules, zones, tasks, job options and, with
 * the tasks' validators, payloads. The order is the crontab's, then `entries`, then the schemas', by
 * task identifier.
 * @throws TaskwrightError `CRONTAB_INVALID`, with every problem in `details.problems`;
 * `OPTION_UNKNOWN`, `OPTION_INVALID`.
 */
export function resolveCronEntries(given: CronSources): readonly ResolvedCronEntry[] {
  const sources = checkOptions("resolveCronEntries", given, rules);
  const problems: CronProblem[] = [];
  const resolved: ResolvedCronEntry[] = [];
  const register = createIdRegister();
  for (const source of readSources(sources)) {
    for (const each of source.problems) problems.push(each);
    for (const entry of source.entries) {
      const place = placeOf(source, entry);
      const fail: Fail = (problem) => problems.push({ ...place, ...problem });
      const ready = resolveEntry(entry, sources, fail);
      const taken = register(entry.id ?? entry.task, place);
      if (taken !== undefined) fail({ message: taken });
      if (ready !== undefined) resolved.push(ready);
    }
  }
  if (problems.length > 0) throw cronError(problems);
  return Object.freeze(resolved);
}

function readSources({ crontab, entries, tasks }: CheckedSources): CronSource[] {
  return [
    { name: "crontab", ...readCrontab(crontab) },
    ...entries.map((entry, index) => readGiven(`cronEntries[${index}]`, entry)),
    ...inOrder(Object.values(tasks)).map(readTask),
  ];
}

/** Workers that have other tasks, or list theirs otherwise, still lock entries in the same order. */
function inOrder(tasks: readonly AnyTask[]): AnyTask[] {
  return tasks.toSorted((a, b) => (a.identifier < b.identifier ? -1 : 1));
}

function readGiven(name: string, entry: CronEntry): CronSource {
  let message = "An entry must be an object with a task and a schedule.";
  try {
    if (isRecord(entry)) return { name, entries: [{ ...entry }], problems: [] };
  } catch (error) {
    message = `The entry can't be read: ${toError(error).message}`;
  }
  return { name, entries: [], problems: [{ source: name, message }] };
}

function readTask(task: AnyTask): CronSource {
  const name = `x-task.cron of ${task.identifier}`;
  const problems: CronProblem[] = [];
  const entries = readTaskSchedules(task, (offset, message) => {
    problems.push({ source: name, column: offset + 1, message });
  });
  return { name, entries: problems.length > 0 ? [] : entries, problems };
}

function placeOf({ name: source }: CronSource, { line }: CronEntry): CronPlace {
  return line === undefined || !lineRule.accepts(line) ? { source } : { source, line };
}

function resolveEntry(
  entry: CronEntry,
  { tasks, unknownTasks }: CheckedSources,
  fail: Fail,
): ResolvedCronEntry | undefined {
  const schedule = resolveSchedule(entry, fail);
  checkEntry(entry, fail);
  if (!isIdentifier(entry.task)) {
    fail({ message: `The task must be a string of 1 to ${maxIdentifierLength} characters.` });
    return undefined;
  }
  const task = Object.hasOwn(tasks, entry.task) ? tasks[entry.task] : undefined;
  if (task === undefined && unknownTasks === "refuse") {
    const hint = "If others run it, allow unknown tasks (a worker's option cronUnknownTasks).";
    fail({ message: `${describeUnknownTask(entry.task, Object.keys(tasks))} ${hint}` });
    return undefined;
  }
  const payload = resolvePayload(entry, task, fail);
  if (payload === undefined) return undefined;
  const spec = resolveOptions(entry, task?.spec(payload) ?? {}, fail);
  if (schedule === undefined || spec === undefined) return undefined;
  const { id = entry.task, backfillMs = 0 } = entry;
  const expression = joinFields(entry.schedule);
  return Object.freeze({ id, task: entry.task, expression, schedule, payload, spec, backfillMs });
}

function resolveSchedule(entry: CronEntry, fail: Fail): Schedule | undefined {
  const { schedule, tz = "UTC" } = entry;
  const words = typeof schedule === "string" ? splitWords(schedule) : [];
  const fields = readFields(words, (offset, message) => fail({ column: offset + 1, message }));
  const isZone = isTimeZone(tz);
  if (!isZone) fail({ message: describeZone(tz) });
  return fields !== undefined && isZone ? createSchedule(fields, tz) : undefined;
}

function joinFields(schedule: string): string {
  return splitWords(schedule)
    .map(({ text }) => text)
    .join(" ");
}

function checkEntry(entry: CronEntry, fail: Fail): void {
  const { id = entry.task, backfillMs = 0, line } = entry;
  for (const option of Object.keys(entry)) {
    if (entryOptions.includes(option)) continue;
    const hint = suggestion(option, entryOptions);
    fail({ message: `There is no option "${option}".${hint}` });
  }
  if (typeof id !== "string" || id === "" || id.includes("\0")) {
    fail({ message: 'The option "id" must be a string.' });
  }
  if (!backfillRule.accepts(backfillMs)) {
    fail({ message: `The option "backfillMs" must be ${backfillRule.expected}.` });
  }
  if (line !== undefined && !lineRule.accepts(line)) {
    fail({ message: `The option "line" must be ${lineRule.expected}.` });
  }
}

/** As the database's column takes it. */
function isIdentifier(value: unknown): boolean {
  if (typeof value !== "string" || value === "" || value.includes("\0")) return false;
  return Array.from(value).length <= maxIdentifierLength;
}

/** The payload as it will be stored, but for `_cron`. */
function resolvePayload(
  { task: identifier, payload = {} }: CronEntry,
  task: AnyTask | undefined,
  fail: Fail,
): Readonly<Record<string, unknown>> | undefined {
  const result = task?.validate(payload) ?? parseJson(payload);
  if (!result.ok) {
    const { issues } = result;
    fail({ message: payloadError(identifier, issues).message, issues });
    return undefined;
  }
  const { value } = result;
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    const isBatch = task?.batch !== undefined;
    const hint = isBatch ? " Schedule a task that adds the items to the batch task." : "";
    const message = `The payload of a recurring job must be an object: _cron is added to it.${hint}`;
    fail({ message });
    return undefined;
  }
  return isSmallEnough(identifier, task, value, fail)
    ? (value as Record<string, unknown>)
    : undefined;
}

function isSmallEnough(
  identifier: string,
  task: AnyTask | undefined,
  payload: object,
  fail: Fail,
): boolean {
  const { maxPayloadBytes = defaultMaxPayloadBytes } = task ?? {};
  try {
    checkPayloadSize({ identifier, maxPayloadBytes }, JSON.stringify(payload));
    return true;
  } catch (error) {
    if (!TaskwrightError.is(error)) throw error;
    fail({ message: error.message });
    return false;
  }
}

function parseJson(payload: unknown): ValidationResult<unknown> {
  const json = toJson(payload);
  return json.ok
    ? { ok: true, value: JSON.parse(json.text) as unknown }
    : { ok: false, issues: [json.issue] };
}

function resolveOptions(entry: CronEntry, defaults: TaskSpec, fail: Fail): TaskSpec | undefined {
  const { task, line } = entry;
  const hasKey = typeof (entry.jobKey ?? defaults.jobKey) === "string";
  // In a crontab a mode without a key is allowed, as in graphile-worker, and has no effect.
  const isIdle = (option: string) => option === "jobKeyMode" && line !== undefined && !hasKey;
  const given: TaskSpec = Object.fromEntries(
    jobOptions.filter((option) => !isIdle(option)).map((option) => [option, entry[option]]),
  );
  try {
    return resolveSpec(task, defaults, given);
  } catch (error) {
    if (!TaskwrightError.is(error)) throw error;
    fail({ message: error.message });
    return undefined;
  }
}
