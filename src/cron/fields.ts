import type { Report, Word } from "./problem.js";

/** The numbers that each field of a schedule allows: sorted, each once. */
export interface ScheduleFields {
  readonly seconds: readonly number[];
  readonly minutes: readonly number[];
  readonly hours: readonly number[];
  readonly dates: readonly number[];
  readonly months: readonly number[];
  /** 0 is Sunday. */
  readonly daysOfWeek: readonly number[];
  /** Whether the minutes say "every" (a star) rather than name a time of day. */
  readonly everyMinutes: boolean;
}

interface FieldRange {
  readonly name: string;
  readonly min: number;
  readonly max: number;
}

const ranges = {
  seconds: { name: "second", min: 0, max: 59 },
  minutes: { name: "minute", min: 0, max: 59 },
  hours: { name: "hour", min: 0, max: 23 },
  dates: { name: "day of the month", min: 1, max: 31 },
  months: { name: "month", min: 1, max: 12 },
  daysOfWeek: { name: "day of the week", min: 0, max: 6 },
} as const satisfies Record<string, FieldRange>;

const daysOfWeekNames = ["sun", "mon", "tue", "wed", "thu", "fri", "sat"];
const monthNames = "jan feb mar apr may jun jul aug sep oct nov dec".split(" ");

/** The words of a text, with their places. */
export function splitWords(text: string): Word[] {
  return Array.from(text.matchAll(/\S+/gu), (match) => ({ text: match[0], offset: match.index }));
}

/**
 * Reads five fields, or six with the seconds first. The syntax of a field is graphile-worker's:
 * a comma-separated list of stars (with or without `/n`), numbers and ranges `a-b`, with 7 as
 * another name for Sunday.
 * @returns Nothing when a problem was reported.
 */
export function readFields(words: readonly Word[], report: Report): ScheduleFields | undefined {
  let ok = true;
  const reportAll: Report = (offset, message) => {
    ok = false;
    report(offset, message);
  };
  const [seconds, ...rest] = words.length === 6 ? words : [undefined, ...words];
  const [minutes, hours, dates, months, daysOfWeek] = rest;
  if (rest.length !== 5 || !minutes || !hours || !dates || !months || !daysOfWeek) {
    report(words[0]?.offset ?? 0, describeCount(words));
    return undefined;
  }
  const fields = {
    seconds: seconds === undefined ? [0] : readField(seconds, ranges.seconds, reportAll),
    minutes: readField(minutes, ranges.minutes, reportAll),
    hours: readField(hours, ranges.hours, reportAll),
    dates: readField(dates, ranges.dates, reportAll),
    months: readField(months, ranges.months, reportAll),
    daysOfWeek: readField(daysOfWeek, ranges.daysOfWeek, reportAll),
  };
  const everyMinutes = minutes.text.includes("*") || isFull("minutes", fields.minutes);
  if (ok && neverFits(fields)) reportAll(dates.offset, describeMissingDay(fields));
  return ok ? { ...fields, everyMinutes } : undefined;
}

const longestMonths = [31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];

type Days = Pick<ScheduleFields, "dates" | "months" | "daysOfWeek">;

/** Whether no day ever fits, as with 30 February. graphile-worker takes such a schedule. */
export function neverFits({ dates, months, daysOfWeek }: Days): boolean {
  if (!isFull("daysOfWeek", daysOfWeek)) return false;
  const longest = Math.max(...months.map((month) => longestMonths[month - 1] ?? 0));
  return (dates[0] ?? 0) > longest;
}

function describeMissingDay({ dates, months }: Days): string {
  const name = months.length === 1 ? `month ${months[0]} has` : `months ${months.join(", ")} have`;
  return `The schedule never ticks: ${name} no day ${dates.join(", ")}. Change the day of the month or the month.`;
}

/** Whether a field allows all that it could, and so restricts nothing. */
export function isFull(field: keyof typeof ranges, values: readonly number[]): boolean {
  return values.length === ranges[field].max - ranges[field].min + 1;
}

function describeCount(words: readonly Word[]): string {
  const [first] = words;
  if (first === undefined) {
    return "The schedule is empty. Give five fields (minute, hour, day of the month, month, day of the week), or six with the second first.";
  }
  const nickname = nicknames.get(first.text);
  if (nickname !== undefined) return `"${first.text}" is not supported. Write "${nickname}".`;
  return `A schedule has five fields (minute, hour, day of the month, month, day of the week), or six with the second first; this has ${words.length}.`;
}

const nicknames = new Map([
  ["@yearly", "0 0 1 1 *"],
  ["@annually", "0 0 1 1 *"],
  ["@monthly", "0 0 1 * *"],
  ["@weekly", "0 0 * * 0"],
  ["@daily", "0 0 * * *"],
  ["@midnight", "0 0 * * *"],
  ["@hourly", "0 * * * *"],
]);

function readField(word: Word, range: FieldRange, report: Report): number[] {
  const values = new Set<number>();
  let { offset } = word;
  for (const item of word.text.split(",")) {
    for (const value of readItem(item, range, (message) => report(offset, message))) {
      values.add(value);
    }
    offset += item.length + 1;
  }
  return [...values].sort((a, b) => a - b);
}

function readItem(item: string, range: FieldRange, report: (message: string) => void): number[] {
  const star = /^\*(?:\/(?<step>\d+))?$/u.exec(item);
  if (star) {
    const step = Number(star.groups?.["step"] ?? 1);
    if (step >= 1) return steps(range.min, range.max, step);
    report(`The step of "${item}" must be at least 1.`);
    return [];
  }
  const numbers = /^(?<from>\d+)(?:-(?<to>\d+))?$/u.exec(item)?.groups;
  if (numbers === undefined) {
    report(describeItem(item, range));
    return [];
  }
  const from = Number(numbers["from"]);
  const to = Number(numbers["to"] ?? from);
  const max = range === ranges.daysOfWeek ? 7 : range.max;
  if (from < range.min || to > max) {
    report(`"${item}" is out of range: the ${range.name} is from ${range.min} to ${max}.`);
    return [];
  }
  if (numbers["to"] !== undefined && to <= from) {
    report(`The range "${item}" must end after it begins. Write two ranges, separated by a comma.`);
    return [];
  }
  return steps(from, to, 1).map((value) => (value > range.max ? range.min : value));
}

function steps(from: number, to: number, step: number): number[] {
  const values: number[] = [];
  for (let value = from; value <= to; value += step) values.push(value);
  return values;
}

function describeItem(item: string, range: FieldRange): string {
  const names =
    range === ranges.daysOfWeek ? daysOfWeekNames : range === ranges.months ? monthNames : [];
  const named = names.indexOf(item.slice(0, 3).toLowerCase());
  const hint =
    named >= 0 && /^[a-z]+$/iu.test(item) ? ` Write ${named + range.min} for "${item}".` : "";
  return `"${item}" is no ${range.name}: it must be a number, *, */n or a range a-b, or a list of these.${hint}`;
}
