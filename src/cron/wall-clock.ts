import { CronExpressionParser } from "cron-parser";
import { isFull, neverFits, type ScheduleFields } from "./fields.js";

/** What a schedule means on a clock that is never changed. */
export interface WallTimes {
  /**
   * The first time after `time` that the fields allow. Both are wall-clock times, written as the
   * instant at which a clock in UTC shows them. There is one within eight years, the longest way
   * from one 29 February to the next.
   */
  after(time: number): number;
}

/**
 * Has cron-parser compute the times. It only ever sees UTC, because in a zone cron-parser 5 loses
 * ticks: one inside a gap of 30 minutes (Lord Howe) is skipped, and a schedule of some hours is
 * silent while an hour repeats. What a zone makes of wall-clock times is decided in schedule.ts.
 * Only `next()` is called (`prev()` skips days), and never on an empty text, which would mean
 * every minute.
 *
 * When both the day of the month and the day of the week are restricted, one of them suffices, as
 * in every cron; a field that allows all its values doesn't restrict, however it is written.
 *
 * @returns Nothing when no day ever fits (30 February): cron-parser refuses such a schedule, while
 * graphile-worker takes it and never runs it.
 */
export function createWallTimes(fields: ScheduleFields): WallTimes | undefined {
  if (neverFits(fields)) return undefined;
  const expression = CronExpressionParser.parse(writeFields(fields), { tz: "UTC" });
  return {
    after: (time) => {
      expression.reset(new Date(time));
      return expression.next().getTime();
    },
  };
}

function writeFields(fields: ScheduleFields): string {
  const names = ["seconds", "minutes", "hours", "dates", "months", "daysOfWeek"] as const;
  return names.map((name) => (isFull(name, fields[name]) ? "*" : fields[name].join(","))).join(" ");
}
