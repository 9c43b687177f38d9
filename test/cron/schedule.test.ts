import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { readFields, splitWords } from "../../src/cron/fields.js";
import { createSchedule, nextTicks, type Schedule } from "../../src/cron/schedule.js";

function scheduleOf(text: string, timeZone?: string): Schedule {
  const fields = readFields(splitWords(text), (_, message) => {
    throw new Error(message);
  });
  if (fields === undefined) throw new Error("No fields.");
  return createSchedule(fields, timeZone);
}

const minute = 60_000;
const day = 1440 * minute;

function iso(time: number): string {
  return new Date(time).toISOString();
}

/** A way of its own to know what a zone's clocks show, as the instant of the same time in UTC. */
function wallReader(zone: string): (time: number) => number {
  const format = new Intl.DateTimeFormat("sv-SE", {
    timeZone: zone,
    dateStyle: "short",
    timeStyle: "short",
  });
  return (time) => Date.parse(`${format.format(time).replace(" ", "T")}Z`);
}

/** The first day after `start` on which clocks are changed, or a year later. */
function findChange(zone: string, start: number): number {
  const wall = wallReader(zone);
  const first = start - (start % minute);
  let time = first;
  while (time < first + 366 * day && wall(time + day) - wall(time) === day) time += day;
  return time + day;
}

/** The ticks of three days, by the rules and without any cleverness. */
function lookAtMinutes(zone: string, text: string, from: number): number[] {
  const wall = wallReader(zone);
  const shown = new Map<number, number[]>();
  let offset = 0;
  const offsets = new Map<number, number>();
  let previous = wall(from - 2 * day) - minute;
  for (let time = from - 2 * day; time < from + 5 * day; time += minute) {
    const now = wall(time);
    for (let skipped = previous + minute; skipped < now; skipped += minute) {
      offsets.set(skipped, offset);
    }
    offset = now - time;
    previous = now;
    shown.set(now, [...(shown.get(now) ?? []), time]);
  }
  const [minutes = "", hours = ""] = text.split(" ");
  const allows = (field: string, value: number) =>
    field === "*" ||
    Number(field) === value ||
    (field.startsWith("*/") && value % Number(field.slice(2)) === 0) ||
    (field === "0-3" && value <= 3);
  const matches = (time: number) =>
    allows(minutes, new Date(time).getUTCMinutes()) && allows(hours, new Date(time).getUTCHours());
  const again = minutes.startsWith("*") || hours === "*";
  const seen = [...shown].flatMap(([time, instants]) =>
    matches(time) ? (again ? instants : instants.slice(0, 1)) : [],
  );
  const late = [...offsets].flatMap(([time, before]) => (matches(time) ? [time - before] : []));
  const ticks = [...new Set([...seen, ...late])].sort((a, b) => a - b);
  return ticks.filter((tick) => tick >= from && tick < from + 3 * day);
}

/** The ticks in a span, as a clock in UTC shows them. */
function ticksIn(text: string, timeZone: string, from: string, to: string): string[] {
  const schedule = scheduleOf(text, timeZone);
  const ticks: string[] = [];
  let tick = schedule.next(new Date(Date.parse(from) - 1));
  while (tick !== undefined && tick < new Date(to)) {
    ticks.push(tick.toISOString().replace(":00.000Z", "Z"));
    tick = schedule.next(tick);
  }
  return ticks;
}

describe("where clocks go forward", () => {
  test.each([
    // Paris leaves out 02:00 to 03:00 on 30 March 2025: 03:00 there is 01:00 UTC.
    ["Europe/Paris", "30 2 * * *", "2025-03-29T23:00Z", ["2025-03-30T01:30Z"]],
    ["Europe/Paris", "0 2 * * *", "2025-03-29T23:00Z", ["2025-03-30T01:00Z"]],
    ["Europe/Paris", "30 2,3 * * *", "2025-03-29T23:00Z", ["2025-03-30T01:30Z"]],
    ["Europe/Paris", "0 4 * * *", "2025-03-29T23:00Z", ["2025-03-30T02:00Z"]],
    // New York leaves out 02:00 to 03:00 on 9 March 2025: 03:00 there is 07:00 UTC.
    ["America/New_York", "15 2 * * *", "2025-03-09T05:00Z", ["2025-03-09T07:15Z"]],
    // Lord Howe leaves out 02:00 to 02:30 on 5 October 2025: 02:30 there is 15:30 UTC.
    ["Australia/Lord_Howe", "15 2 * * *", "2025-10-04T13:30Z", ["2025-10-04T15:45Z"]],
    [
      "Australia/Lord_Howe",
      "0 1-3 * * *",
      "2025-10-04T13:30Z",
      ["2025-10-04T14:30Z", "2025-10-04T15:30Z", "2025-10-04T16:00Z"],
    ],
    // Casablanca leaves out 02:00 to 03:00 after Ramadan, on 6 April 2025: 03:00 is 02:00 UTC.
    ["Africa/Casablanca", "30 2 * * *", "2025-04-06T00:00Z", ["2025-04-06T02:30Z"]],
    // Beirut's and Santiago's days begin at 01:00 then.
    ["Asia/Beirut", "0 0 * * *", "2025-03-29T22:00Z", ["2025-03-29T22:00Z"]],
    ["America/Santiago", "10 0 * * *", "2025-09-07T03:00Z", ["2025-09-07T04:10Z"]],
  ])("in %s a time that is left out comes later, once: %s", (zone, text, from, expected) => {
    const to = new Date(Date.parse(from) + 20 * 3_600_000).toISOString();
    expect(ticksIn(text, zone, from, to)).toEqual(expected);
  });

  test("a day that Apia left out is made up for on the next", () => {
    // 30 December 2011, a Friday, did not take place; Apia was 14 hours ahead from the 31st.
    const [from, to] = ["2011-12-29T00:00Z", "2012-01-02T00:00Z"];
    const daily = [
      "2011-12-29T18:00Z",
      "2011-12-30T18:00Z",
      "2011-12-31T18:00Z",
      "2012-01-01T18:00Z",
    ];
    expect(ticksIn("0 8 * * *", "Pacific/Apia", from, to)).toEqual(daily);
    expect(ticksIn("0 8 30 * *", "Pacific/Apia", from, to)).toEqual(["2011-12-30T18:00Z"]);
    expect(ticksIn("0 8 * * 5", "Pacific/Apia", from, to)).toEqual(["2011-12-30T18:00Z"]);
    // The day's clocks were changed at 10:00 UTC: also whoever asks hours later is told.
    const late = "2011-12-30T17:59Z";
    expect(ticksIn("0 8 30 * *", "Pacific/Apia", late, to)).toEqual(["2011-12-30T18:00Z"]);
  });
});

describe("where clocks go back", () => {
  test.each([
    // Paris shows 02:00 to 03:00 twice on 26 October 2025, from 00:00 and from 01:00 UTC.
    ["Europe/Paris", "30 2 * * *", "2025-10-25T22:00Z", ["2025-10-26T00:30Z"]],
    ["Europe/Paris", "0 3 * * *", "2025-10-25T22:00Z", ["2025-10-26T02:00Z"]],
    // New York shows 01:00 to 02:00 twice on 2 November 2025, from 05:00 and from 06:00 UTC.
    ["America/New_York", "30 1 * * *", "2025-11-02T04:00Z", ["2025-11-02T05:30Z"]],
    // Lord Howe shows 01:30 to 02:00 twice on 6 April 2025, from 14:30 and from 15:00 UTC.
    ["Australia/Lord_Howe", "45 1 * * *", "2025-04-05T13:00Z", ["2025-04-05T14:45Z"]],
    // Casablanca shows 02:00 to 03:00 twice before Ramadan, on 23 February 2025.
    ["Africa/Casablanca", "30 2 * * *", "2025-02-22T23:00Z", ["2025-02-23T01:30Z"]],
  ])("in %s a time that is shown twice ticks the first time: %s", (zone, text, from, expected) => {
    const to = new Date(Date.parse(from) + 20 * 3_600_000).toISOString();
    expect(ticksIn(text, zone, from, to)).toEqual(expected);
  });
});

describe("a schedule that says every", () => {
  const spans = [
    ["Europe/Paris", "2025-03-29T12:00Z"],
    ["Europe/Paris", "2025-10-25T12:00Z"],
    ["America/New_York", "2025-03-09T00:00Z"],
    ["America/New_York", "2025-11-02T00:00Z"],
    ["Australia/Lord_Howe", "2025-04-05T06:00Z"],
    ["Australia/Lord_Howe", "2025-10-04T06:00Z"],
    ["Africa/Casablanca", "2025-02-22T12:00Z"],
    ["Africa/Casablanca", "2025-04-05T12:00Z"],
    ["Pacific/Apia", "2011-12-29T22:00Z"],
    ["UTC", "2025-03-29T12:00Z"],
  ] as const;

  test.each(spans)("in %s it never pauses, from %s on", (zone, from) => {
    const ticks = nextTicks(scheduleOf("*/15 * * * *", zone), new Date(from), 96);
    const expected = ticks.map((_, index) => new Date(Date.parse(from) + (index + 1) * 900_000));
    expect(ticks).toEqual(expected);
  });

  test("of some hours, it runs on through the hour that repeats", () => {
    const ticks = ticksIn(
      "*/30 1-2 * * *",
      "Europe/Paris",
      "2025-10-25T22:00Z",
      "2025-10-26T12:00Z",
    );
    expect(ticks.map((tick) => tick.slice(11, 16))).toEqual([
      "23:00",
      "23:30",
      "00:00",
      "00:30",
      "01:00",
      "01:30",
    ]);
  });

  test("with all hours, the minutes may be numbers", () => {
    const ticks = ticksIn("0,30 * * * *", "Europe/Paris", "2025-10-26T00:00Z", "2025-10-26T02:00Z");
    expect(ticks).toHaveLength(4);
  });

  test("with seconds, it ticks within the minutes that repeat", () => {
    const schedule = scheduleOf("*/20 * * * * *", "Europe/Paris");
    const ticks = nextTicks(schedule, new Date("2025-10-26T00:59:30Z"), 4);
    expect(ticks.map((tick) => tick.toISOString().slice(11, 19))).toEqual([
      "00:59:40",
      "01:00:00",
      "01:00:20",
      "01:00:40",
    ]);
  });
});

describe("in any zone", () => {
  const zones = Intl.supportedValuesOf("timeZone");
  const time = fc.integer({ min: Date.UTC(1990, 0, 1), max: Date.UTC(2037, 0, 1) });

  test("around a change, ticks are what a look at every minute finds", () => {
    const texts = ["30 2 * * *", "0 0 * * *", "*/20 0-3 * * *", "15 23 * * *", "10 * * * *"];
    fc.assert(
      fc.property(
        fc.constantFrom(...zones),
        fc.constantFrom(...texts),
        time,
        (zone, text, start) => {
          const change = findChange(zone, start);
          const from = change - (change % day) - day;
          const ticks = ticksIn(text, zone, iso(from), iso(from + 3 * day));
          expect(ticks.map((tick) => Date.parse(tick))).toEqual(lookAtMinutes(zone, text, from));
        },
      ),
      { numRuns: 60 },
    );
  });

  test("each tick is the first after any instant before it", () => {
    const schedule = fc.constantFrom("*/20 * * * *", "30 2 * * *", "*/7 1-3 * * *", "0 12 1 * 1");
    fc.assert(
      fc.property(fc.constantFrom(...zones), schedule, time, (zone, text, start) => {
        const ticks = nextTicks(scheduleOf(text, zone), new Date(start), 50);
        const before = ticks.map((tick) => scheduleOf(text, zone).next(new Date(+tick - 1)));
        expect(before).toEqual(ticks);
        expect(new Set(ticks.map(Number)).size).toBe(50);
      }),
      { numRuns: 40 },
    );
  });
});

test.each([
  ["0 0 30 2 *", "month 2 has no day 30"],
  ["0 0 31 4,6,9,11 *", "months 4, 6, 9, 11 have no day 31"],
  ["0 0 30,31 2 0-7", "month 2 has no day 30, 31"],
])("%s is refused, since that day never comes", (text, expected) => {
  const problems: [number, string][] = [];
  expect(readFields(splitWords(text), (...each) => problems.push(each))).toBeUndefined();
  expect(problems).toEqual([[4, expect.stringContaining(expected)]]);
});

test.each(["0 0 29 2 *", "0 0 31 2,3 *", "0 0 30 2 1", "0 0 30,1 2 *"])("%s is taken", (text) => {
  expect(nextTicks(scheduleOf(text), new Date(0), 3)).toHaveLength(3);
});

test("29 February comes every fourth year, and after eight years at a century's turn", () => {
  const ticks = nextTicks(scheduleOf("0 0 29 2 *"), new Date("2092-03-01T00:00Z"), 2);
  expect(ticks.map((tick) => tick.getUTCFullYear())).toEqual([2096, 2104]);
});
