import { suggestion } from "../options.js";

/** A stretch of time through which a zone's clocks keep one offset. Times are in milliseconds. */
export interface OffsetPeriod {
  readonly start: number;
  /** Exclusive. */
  readonly end: number;
  /** What the clocks show beyond UTC. */
  readonly offset: number;
  /** The offset just before `start`: another one, if the clocks were changed there. */
  readonly before: number;
}

/** A time zone's clocks. */
export interface Zone {
  /** The name as it was given. */
  readonly name: string;
  /** The period that holds this instant, cut where nothing needs to be known of it. */
  periodAt(time: number): OffsetPeriod;
}

const hour = 3_600_000;
/** Clocks were changed back and forth within weeks, never within days. */
const stepMs = 24 * hour;
/** How far ahead a change is looked for before a period is cut. */
const horizonMs = 40 * stepMs;
/** The largest change there was is of one day: Samoa and the Philippines crossed the date line. */
const largestChangeMs = 25 * hour;

/** Whether this system knows the zone. Offsets such as `+02:00` are no zones. */
export function isTimeZone(name: unknown): name is string {
  if (typeof name !== "string" || !/^[a-z]/iu.test(name)) return false;
  try {
    offsetFormat(name);
    return true;
  } catch {
    return false;
  }
}

/** Says that a zone is not known here, with the name that was probably meant. */
export function describeZone(name: unknown): string {
  if (typeof name !== "string") return "The time zone must be a string, such as Europe/Paris.";
  return `There is no time zone "${name}".${suggestion(name, Intl.supportedValuesOf("timeZone"))} Use an IANA name such as Europe/Paris.`;
}

/** @param name An IANA name that {@link isTimeZone} accepts. */
export function createZone(name: string): Zone {
  const offsetAt = offsetReader(name);
  let known: { readonly since: number; readonly period: OffsetPeriod } | undefined;
  return {
    name,
    periodAt: (time) => {
      if (known === undefined || time < known.since || time >= known.period.end) {
        known = { since: time, period: findPeriod(offsetAt, time) };
      }
      return known.period;
    },
  };
}

function findPeriod(offsetAt: (time: number) => number, time: number): OffsetPeriod {
  const offset = offsetAt(time);
  const past = time - largestChangeMs;
  const before = offsetAt(past);
  const start = before === offset ? past : findChange(offsetAt, past, time);
  let same = time;
  while (same < time + horizonMs) {
    const next = same + stepMs;
    if (offsetAt(next) !== offset) {
      return { start, end: findChange(offsetAt, same, next), offset, before };
    }
    same = next;
  }
  return { start, end: same, offset, before };
}

/** The first millisecond of the new offset, given a time before and a time after the change. */
function findChange(offsetAt: (time: number) => number, before: number, after: number): number {
  const old = offsetAt(before);
  let [low, high] = [before, after];
  while (high - low > 1) {
    const middle = Math.floor((low + high) / 2);
    if (offsetAt(middle) === old) low = middle;
    else high = middle;
  }
  return high;
}

function offsetReader(name: string): (time: number) => number {
  const format = offsetFormat(name);
  return (time) => {
    const [, sign, hours = 0, minutes = 0, seconds = 0] =
      /GMT(?:([+-])(\d\d):(\d\d)(?::(\d\d))?)?$/u.exec(format.format(time)) ?? [];
    const ms = (Number(hours) * 3600 + Number(minutes) * 60 + Number(seconds)) * 1000;
    return sign === "-" ? -ms : ms;
  };
}

function offsetFormat(timeZone: string): Intl.DateTimeFormat {
  return new Intl.DateTimeFormat("en-US", { timeZone, timeZoneName: "longOffset" });
}
