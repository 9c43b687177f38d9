import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import type { Executor } from "../../src/database/executor.js";
import { at, createCronDatabase, every, type CronDatabase } from "./harness.js";
import { Database } from "../../src/database/database.js";
import { withOutage } from "../support/outage.js";
import { FakeClock } from "./fake-clock.js";

let database: CronDatabase;
beforeAll(async () => {
  database = await createCronDatabase("graphile_worker");
});
afterAll(() => database.drop());
beforeEach(() => database.clear());

describe("while it runs", () => {
  test("each tick is added when the clock shows it", async () => {
    const clock = new FakeClock("2025-03-01T08:00:30Z");
    const { scheduler, names } = database.schedule("* * * * * a\n*/20 * * * * * b", { clock });
    scheduler.start();
    scheduler.start();
    await clock.pass("2025-03-01T08:03:00Z");
    await clock.asleep();
    await scheduler.stop();
    expect(await database.jobTimes("a", false)).toEqual(every(60, "08:01:00", "08:03:00"));
    expect(await database.jobTimes("b", false)).toEqual(every(20, "08:00:40", "08:03:00"));
    expect(names().slice(0, 4)).toEqual([
      "cron:starting",
      "cron:started",
      "cron:schedule",
      "cron:scheduled",
    ]);
    expect(new Set(names())).toHaveProperty("size", 4);
  });

  test("a clock that jumps forward, or a laptop that slept, has all ticks caught up on", async () => {
    const clock = new FakeClock("2025-03-01T08:00:30Z");
    const { scheduler, events } = database.schedule("*/30 * * * * a\n15 9 * * * b", { clock });
    scheduler.start();
    await clock.asleep();
    clock.set("2025-03-01T16:10:00Z");
    await clock.pass("2025-03-01T16:10:10Z");
    await clock.asleep();
    expect(await database.jobTimes("a", false)).toEqual(every(1800, "08:30:00", "16:00:00"));
    expect(await database.jobTimes("b", false)).toEqual(["09:15:00"]);
    expect(events("cron:overdueTimer")).toEqual([
      { expected: at("08:30:00"), now: at("16:10:10") },
    ]);
    await scheduler.stop();
  });

  test("a clock that goes back has it wait, and nothing is added twice", async () => {
    const clock = new FakeClock("2025-03-01T08:00:30Z");
    const { scheduler, events, names } = database.schedule("* * * * * a", { clock });
    scheduler.start();
    await clock.pass("2025-03-01T08:05:30Z");
    clock.set("2025-03-01T07:30:00Z");
    await clock.pass("2025-03-01T08:07:30Z");
    expect(await database.jobTimes("a")).toEqual(every(60, "08:01:00", "08:07:00"));
    expect(events("cron:prematureTimer")).toHaveLength(1);
    expect(names()).not.toContain("cron:error");
    await scheduler.stop();
  });

  test("a database that is away for an hour delays ticks and loses none", async () => {
    const clock = new FakeClock("2025-03-01T08:00:30Z");
    const own = new Database({ connectionString: database.connectionString });
    const { scheduler, events } = database.schedule("* * * * * a\n0 * * * * b", { clock, db: own });
    scheduler.start();
    await clock.pass("2025-03-01T08:03:10Z");
    await withOutage(database, async () => {
      await clock.pass("2025-03-01T08:06:00Z");
      clock.set("2025-03-01T09:03:00Z");
      await clock.pass("2025-03-01T09:03:20Z");
      expect(events("cron:error").length).toBeGreaterThan(10);
    });
    await clock.pass("2025-03-01T09:04:00Z");
    await clock.asleep();
    expect(await database.jobTimes("a", false)).toEqual(every(60, "08:01:00", "09:04:00"));
    expect(await database.jobTimes("b", false)).toEqual(["09:00:00"]);
    await scheduler.stop();
    await own.end();
  });

  test("a database that is away at the start loses nothing either", async () => {
    const clock = new FakeClock("2025-03-01T08:00:30Z");
    let isAway = true;
    const away: Executor = {
      query: (text, values) =>
        isAway ? Promise.reject(new Error("ECONNREFUSED")) : database.db.query(text, values),
    };
    const { scheduler } = database.schedule("* * * * * a", { clock, db: away });
    scheduler.start();
    await clock.pass("2025-03-01T08:05:10Z");
    isAway = false;
    await clock.pass("2025-03-01T08:06:00Z");
    await clock.asleep();
    expect(await database.jobTimes("a")).toEqual(every(60, "08:01:00", "08:06:00"));
    await scheduler.stop();
  });

  test("each failure is told, with how many there were since the last success", async () => {
    const clock = new FakeClock("2025-03-01T08:00:30Z");
    let isAway = true;
    const away: Executor = {
      query: (text, values) =>
        isAway ? Promise.reject(new Error("ECONNREFUSED")) : database.db.query(text, values),
    };
    const { scheduler, events } = database.schedule("* * * * * a", { clock, db: away });
    scheduler.start();
    await clock.asleep();
    for (const [until, gone] of [
      ["08:00:35", false],
      ["08:00:50", true],
      ["08:01:05", false],
    ] as const) {
      await clock.pass(`2025-03-01T${until}Z`);
      isAway = gone;
    }
    await scheduler.stop();
    const attempts = events("cron:error").map((error) => error.attempts);
    const again = attempts.indexOf(1, 1);
    expect(again).toBeGreaterThan(1);
    const count = (length: number) => Array.from({ length }, (_, index) => index + 1);
    expect(attempts).toEqual([...count(again), ...count(attempts.length - again)]);
  });

  test("without a tick to come soon it only waits", async () => {
    const clock = new FakeClock("2025-03-01T08:00:30Z");
    const { scheduler } = database.schedule("0 0 29 2 * a", { clock });
    scheduler.start();
    await clock.pass("2025-03-01T08:05:00Z");
    await scheduler.stop();
    expect(await database.jobTimes("a")).toEqual([]);
  });
});

describe("start and stop", () => {
  test("may be called at any time, and more than once", async () => {
    const clock = new FakeClock("2025-03-01T08:00:30Z");
    const { scheduler, events } = database.schedule("* * * * * a ?fill=1h", { clock });
    scheduler.start();
    scheduler.start();
    await clock.pass("2025-03-01T08:02:00Z");
    await clock.asleep();
    await Promise.all([scheduler.stop(), scheduler.stop()]);
    scheduler.start();
    clock.elapse(60_000);
    await scheduler.stop();
    const never = database.schedule("* * * * * a", { clock });
    await never.scheduler.stop();
    never.scheduler.start();
    expect(never.names()).toEqual([]);
    expect(await database.jobTimes("a")).toEqual(["08:01:00", "08:02:00"]);
    expect(events("cron:error")).toEqual([]);
  });

  test("the next scheduler makes up for what was due in between", async () => {
    const clock = new FakeClock("2025-03-01T08:00:30Z");
    for (const time of ["08:02:00", "08:04:30"]) {
      const { scheduler } = database.schedule("* * * * * a ?fill=1h", { clock });
      clock.set(`2025-03-01T${time}Z`);
      await scheduler.tick();
      await scheduler.stop();
    }
    expect(await database.jobTimes("a", false)).toEqual(["08:02:00"]);
    expect(await database.jobTimes("a", true)).toEqual(["08:03:00", "08:04:00"]);
  });

  test("a stop ends a long catching up after the statement under way", async () => {
    const clock = new FakeClock("2025-03-01T08:00:30Z");
    const statements: Promise<unknown>[] = [];
    let onStopping: (stopped: Promise<void>) => void;
    const stopped = new Promise<void>((resolve) => (onStopping = resolve));
    const counting: Executor = {
      query: (text, values) => {
        const statement = database.db.query(text, values);
        if (statements.push(statement) === 5) onStopping(scheduler.stop());
        return statement;
      },
    };
    const { scheduler } = database.schedule("* * * * * * a", { clock, db: counting });
    scheduler.start();
    await clock.asleep();
    clock.elapse(3_600_000);
    await stopped;
    expect(statements).toHaveLength(5);
    expect(await database.jobTimes("a")).toHaveLength(4);
  });

  test("without entries it does nothing", async () => {
    const { scheduler, names } = database.schedule("");
    scheduler.start();
    await scheduler.stop();
    expect(await scheduler.tick()).toEqual([]);
    expect(names()).toEqual(["cron:starting", "cron:started"]);
  });
});
