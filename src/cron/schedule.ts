import { date, integer, withMethods } from "../option-rules.js";
import { checkOption } from "../options.js";
import { isFull, type ScheduleFields } from "./fields.js";
import { createWallTimes, type WallTimes } from "./wall-clock.js";
import { createZone, type OffsetPeriod } from "./zone.js";

/** When a recurring job is due. */
export interface Schedule {
  /** IANA name of the zone whose clocks the fields are read on. */
  readonly timeZone: string;
  /** The first tick after this instant; nothing when there never is one (30 February). */
  next(after: Date): Date | undefined;
}

/**
 * Puts a schedule's wall-clock times into a zone. Where clocks are changed:
 *
 * - A time that is skipped (clocks go forward) ticks when it would have come, had the clocks not
 *   been changed: 02:30 becomes 03:30 where 02:00 to 03:00 is missing. Two times that thereby fall
 *   together tick once. Nothing is lost, be the gap an hour, 30 minutes (Lord Howe) or a whole day
 *   (Apia, 30 December 2011).
 * - A time that is repeated (clocks go back) ticks the first time only, so that a daily job runs
 *   once that day. A schedule that says "every", with a star in its minutes or with all hours,
 *   ticks both times, so that a job of every 15 minutes is not silent for an hour.
 *
 * This is what RFC 5545 and Temporal's `compatible` do with times that are skipped or repeated,
 * and what cron does about stars. In UTC, the default, it is graphile-worker's schedule.
 */
export function createSchedule(fields: ScheduleFields, timeZone = "UTC"): Schedule {
  const times = createWallTimes(fields);
  if (times === undefined) return { timeZone, next: () => undefined };
  if (timeZone === "UTC") return { timeZone, next: (after) => new Date(times.after(+after)) };
  const zone = createZone(timeZone);
  const ticksAgain = fields.everyMinutes || isFull("hours", fields.hours);
  return {
    timeZone,
    next: (after) => {
      for (let period = zone.periodAt(+after); ; period = zone.periodAt(period.end)) {
        const tick = nextInPeriod(times, period, +after, ticksAgain);
        if (tick < period.end) return new Date(tick);
      }
    },
  };
}

/** The first tick after `after` and within the period; past its end, it is none. */
function nextInPeriod(
  times: WallTimes,
  { start, offset, before }: OffsetPeriod,
  after: number,
  ticksAgain: boolean,
): number {
  const from = Math.max(after, start - 1);
  const changed = offset - before;
  const repeated = ticksAgain ? 0 : Math.max(0, -changed);
  const shown = times.after(Math.max(from, start + repeated - 1) + offset) - offset;
  if (changed <= 0) return shown;
  const skipped = times.after(from + before);
  return skipped < start + offset ? Math.min(shown, skipped - before) : shown;
}

/** The most ticks that one call returns. */
export const maxTicks = 10_000;

export const scheduleRule = withMethods<Schedule>("the schedule of a resolved entry", "next");
const afterRule = date();
const countRule = integer(0, maxTicks);

/**
 * The next `count` ticks after an instant, at most 10,000; fewer when there are no more.
 * @throws TaskwrightError `OPTION_INVALID`
 */
export function nextTicks(schedule: Schedule, after: Date, count: number): Date[] {
  checkOption("nextTicks", "schedule", schedule, scheduleRule);
  checkOption("nextTicks", "after", after, afterRule);
  checkOption("nextTicks", "count", count, countRule);
  const ticks: Date[] = [];
  let tick: Date | undefined = after;
  while (ticks.length < count) {
    tick = schedule.next(tick);
    if (tick === undefined) break;
    ticks.push(tick);
  }
  return ticks;
}
