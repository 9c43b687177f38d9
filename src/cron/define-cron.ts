import { TaskwrightError } from "../errors.js";
import { arrayOf, oneOf } from "../option-rules.js";
import { copyOptions, refuseOption } from "../options.js";
import type { InputOf, NoProperties } from "../tasks/added.js";
import type { TaskRegistry } from "../tasks/handlers.js";
import type { CronEntry } from "./entry.js";
import { describeUnknownTask } from "./problem.js";

/** The tasks that can recur: not the batch tasks, whose payload has no place for `_cron`. */
export type CronTask<Registry> = {
  [Task in keyof Registry]: InputOf<Registry[Task]> extends readonly unknown[] ? never : Task;
}[keyof Registry] &
  string;

/** The options of a recurring job; `payload` is what the task's `add…` helper takes. */
export type CronOptions<Input> = Omit<CronEntry, "task" | "schedule" | "payload" | "line"> &
  (NoProperties extends Input ? { readonly payload?: Input } : { readonly payload: Input });

/** The last parameter, which may be left out when nothing in it is required. */
type Optional<Options> =
  Partial<Options> extends Options ? [options?: Options] : [options: Options];

const weekdays = [
  "sunday",
  "monday",
  "tuesday",
  "wednesday",
  "thursday",
  "friday",
  "saturday",
] as const;

/** A day of the week. */
export type Weekday = (typeof weekdays)[number];

/** A number of seconds or minutes that divides 60, or of hours that divides 24. */
export type Interval =
  { readonly seconds: number } | { readonly minutes: number } | { readonly hours: number };

/** When on a day a recurring job is due. */
export interface TimeOfDay {
  /** `HH:MM` or `HH:MM:SS`, on the clocks of `tz`. */
  readonly at: string;
}

/**
 * Makes recurring jobs of a project's tasks. A payload's type is checked here; its content, and the
 * schedule, when {@link resolveCronEntries} is called, which the worker does when it starts.
 */
export interface CronBuilder<Registry> {
  /** At the full interval of the clock: every 15 minutes is at :00, :15, :30 and :45. */
  every<Task extends CronTask<Registry>>(
    task: Task,
    interval: Interval,
    ...rest: Optional<CronOptions<InputOf<Registry[Task]>>>
  ): CronEntry;
  /** Once a day. */
  daily<Task extends CronTask<Registry>>(
    task: Task,
    options: TimeOfDay & CronOptions<InputOf<Registry[Task]>>,
  ): CronEntry;
  /** Once on each of some days of the week. */
  weekly<Task extends CronTask<Registry>>(
    task: Task,
    options: { readonly on: Weekday | readonly Weekday[] } & TimeOfDay &
      CronOptions<InputOf<Registry[Task]>>,
  ): CronEntry;
  /** Once a month, on a day from 1 to 31. A month that has no such day is left out. */
  monthly<Task extends CronTask<Registry>>(
    task: Task,
    options: { readonly on: number } & TimeOfDay & CronOptions<InputOf<Registry[Task]>>,
  ): CronEntry;
  /** At the times of a crontab schedule: five fields, or six with the second first. */
  expression<Task extends CronTask<Registry>>(
    task: Task,
    schedule: string,
    ...rest: Optional<CronOptions<InputOf<Registry[Task]>>>
  ): CronEntry;
}

/**
 * Gives the functions that make recurring jobs of these tasks, as in
 * `cron.daily("send_daily_report", { at: "08:00", tz: "Europe/Paris" })`. They throw TaskwrightError
 * `TASK_UNKNOWN`, and `OPTION_INVALID` for a time, a day or an interval that can't be.
 */
export function defineCron<Registry extends TaskRegistry>(tasks: Registry): CronBuilder<Registry> {
  const entry = (task: string, schedule: string, options: object): CronEntry => {
    if (!Object.hasOwn(tasks, task)) throw unknownTask(task, Object.keys(tasks));
    return Object.freeze({ ...options, task, schedule });
  };
  return Object.freeze<CronBuilder<Registry>>({
    every: (task, interval, ...[options]) =>
      entry(task, writeInterval(interval), read("every", options)),
    daily: (task, given) => {
      const { at, ...options } = read("daily", given);
      return entry(task, `${writeTime("daily", at)} * * *`, options);
    },
    weekly: (task, given) => {
      const { at, on, ...options } = read("weekly", given);
      return entry(task, `${writeTime("weekly", at)} * * ${writeWeekdays(on)}`, options);
    },
    monthly: (task, given) => {
      const { at, on, ...options } = read("monthly", given);
      if (!isIntegerIn(on, 1, 31)) refuseOption("cron.monthly", "on", "a day from 1 to 31");
      return entry(task, `${writeTime("monthly", at)} ${on} * *`, options);
    },
    expression: (task, schedule, ...[options]) => {
      const expected = "a crontab schedule such as 0 8 * * *";
      if (typeof schedule !== "string") refuseOption("cron.expression", "schedule", expected);
      return entry(task, schedule, read("expression", options));
    },
  });
}

/** Untyped JavaScript callers can pass anything. The rest is checked when the entries are resolved. */
function read<Options extends object>(
  name: string,
  options: Options | undefined,
): Partial<Options> {
  return options === undefined ? {} : copyOptions(`cron.${name}`, options);
}

function unknownTask(task: string, known: readonly string[]): TaskwrightError {
  return new TaskwrightError("TASK_UNKNOWN", describeUnknownTask(task, known), { task, known });
}

function writeInterval(interval: Interval): string {
  const given: Readonly<Record<string, unknown>> = copyOptions("cron.every", interval);
  const [[unit, count] = [], ...others] = Object.entries(given);
  const whole = unit === "hours" ? 24 : 60;
  const isUnit = unit === "seconds" || unit === "minutes" || unit === "hours";
  if (!isUnit || others.length > 0 || !isIntegerIn(count, 1, whole - 1) || whole % count !== 0) {
    const expected =
      "one of seconds, minutes and hours, as a number below 60 (24) that divides it; for another rhythm use cron.expression";
    refuseOption("cron.every", "interval", expected);
  }
  const field = count === 1 ? "*" : `*/${count}`;
  const schedules = {
    seconds: `${field} * * * * *`,
    minutes: `${field} * * * *`,
    hours: `0 ${field} * * *`,
  };
  return schedules[unit];
}

function writeTime(owner: string, at: unknown): string {
  const [, hour, minute, second] =
    /^(\d\d?):(\d\d)(?::(\d\d))?$/u.exec(typeof at === "string" ? at : "") ?? [];
  const isTime =
    isIntegerIn(Number(hour ?? NaN), 0, 23) &&
    isIntegerIn(Number(minute ?? NaN), 0, 59) &&
    isIntegerIn(Number(second ?? 0), 0, 59);
  if (!isTime) refuseOption(`cron.${owner}`, "at", 'a time of day such as "08:00" or "08:00:30"');
  const fields = [second, minute, hour].filter((field) => field !== undefined);
  return fields.map(Number).join(" ");
}

function writeWeekdays(on: unknown): string {
  const dayRule = oneOf(...weekdays);
  const daysRule = arrayOf(dayRule, "days");
  if (dayRule.accepts(on)) return String(weekdays.indexOf(on as Weekday));
  if (!daysRule.accepts(on) || (on as readonly Weekday[]).length === 0) {
    refuseOption("cron.weekly", "on", `one or more of ${weekdays.join(", ")}`);
  }
  return (on as readonly Weekday[]).map((day) => weekdays.indexOf(day)).join(",");
}

function isIntegerIn(value: unknown, min: number, max: number): value is number {
  return Number.isInteger(value) && (value as number) >= min && (value as number) <= max;
}
