import * as fc from "fast-check";
import { expect, test } from "vitest";
import { readFields, splitWords } from "../../src/cron/fields.js";
import { createSchedule } from "../../src/cron/schedule.js";
import { parsePeerCrontab, peerFields, schedules, type PeerItem } from "./peer-crontab.js";

const minute = 60_000;
const day = 1440 * minute;

/** As graphile-worker's scheduler looks at a time. */
function digest(time: number) {
  const at = new Date(time);
  return {
    min: at.getUTCMinutes(),
    hour: at.getUTCHours(),
    date: at.getUTCDate(),
    month: at.getUTCMonth() + 1,
    dow: at.getUTCDay(),
  };
}

/**
 * The first minute from `from` on, and before `to`, that graphile-worker's matcher takes. A day
 * that it refuses at an hour and a minute of the item's own, it refuses at all.
 */
function nextPeerTick(item: PeerItem, from: number, to: number): number | undefined {
  const { hours, minutes } = peerFields(item);
  for (let start = from - (from % day); start < to; start += day) {
    if (!item.match({ ...digest(start), hour: hours[0] ?? -1, min: minutes[0] ?? -1 })) continue;
    for (let time = Math.max(start, from); time < Math.min(start + day, to); time += minute) {
      if (item.match(digest(time))) return time;
    }
  }
  return undefined;
}

test("ticks are graphile-worker's, for any crontab and through the years", () => {
  const starts = fc.array(fc.integer({ min: Date.UTC(2000, 0, 1), max: Date.UTC(2060, 0, 1) }), {
    minLength: 2,
    maxLength: 2,
  });
  fc.assert(
    fc.property(schedules, starts, (text, instants) => {
      const [item] = parsePeerCrontab(`${text} task`);
      const fields = readFields(splitWords(text), () => {});
      if (item === undefined) throw new Error(text);
      if (fields === undefined) {
        // Refused, since no day ever fits: the peer takes it and never ticks.
        const [start = 0] = instants;
        const from = start - (start % minute);
        expect(nextPeerTick(item, from, from + 9 * 366 * day)).toBeUndefined();
        return;
      }
      const schedule = createSchedule(fields);
      for (const instant of instants) {
        let after = instant - (instant % minute);
        for (let count = 0; count < 3; count++) {
          const tick = schedule.next(new Date(after));
          // A 29 February on a given day of the week may be 40 years away, but here one suffices.
          const to = tick === undefined ? after + 9 * 366 * day : +tick + minute;
          expect(nextPeerTick(item, after + minute, to)).toEqual(tick && +tick);
          if (tick === undefined) break;
          after = +tick;
        }
      }
    }),
    { numRuns: 3000 },
  );
});

test("a span of four years, tick by tick", () => {
  const sparse = [
    "0 0 29 2 *",
    "30 4 1,15 * 5",
    "0 */8 * * 1-5",
    "59 23 31 12 *",
    // No such day; but a day of the week suffices.
    "0 0 30 2 1",
    "15 6 31 2,4,6 0,3",
  ];
  for (const text of sparse) {
    const [item] = parsePeerCrontab(`${text} task`);
    const fields = readFields(splitWords(text), () => {});
    if (item === undefined || fields === undefined) throw new Error(text);
    const schedule = createSchedule(fields);
    const [from, to] = [Date.UTC(2023, 0, 1), Date.UTC(2027, 0, 1)];
    const ours: number[] = [];
    for (let tick = schedule.next(new Date(from - 1)); tick !== undefined && +tick < to;) {
      ours.push(+tick);
      tick = schedule.next(tick);
    }
    const peers: number[] = [];
    for (let time = nextPeerTick(item, from, to); time !== undefined;) {
      peers.push(time);
      time = nextPeerTick(item, time + minute, to);
    }
    expect(ours).toEqual(peers);
  }
});
