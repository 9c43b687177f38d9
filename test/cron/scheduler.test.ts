import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import type { Executor } from "../../src/database/executor.js";
import { at, createCronDatabase, every, type CronDatabase } from "./harness.js";

let database: CronDatabase;
beforeAll(async () => {
  database = await createCronDatabase('Odd "name"');
});
afterAll(() => database.drop());
beforeEach(() => database.clear());

test("a tick's job is as graphile-worker would have added it", async () => {
  const options = "?id=mine&max=3&queue=q&priority=-2&jobKey=k&jobKeyMode=preserve_run_at";
  const { scheduler } = database.schedule(`* * * * * greet ${options} {name: "Ada", _cron: 1}`);
  await scheduler.tick(at("08:00:30"));
  const [tick] = await scheduler.tick(at("08:01:00"));
  expect(tick).toMatchObject({ id: "mine", task: "greet", ts: at("08:01:00"), backfilled: false });
  const { rows } = await database.pool.query(
    `select jobs.id, payload::text, queue_name, run_at, max_attempts, priority, key, flags
     from ${database.schema}._private_jobs as jobs
     join ${database.schema}._private_job_queues as queues on queues.id = jobs.job_queue_id`,
  );
  expect(rows).toEqual([
    {
      id: tick?.jobId,
      payload: '{"name":"Ada","_cron":{"ts":"2025-03-01T08:01:00.000Z","backfilled":false}}',
      queue_name: "q",
      run_at: at("08:01:00"),
      max_attempts: 3,
      priority: -2,
      key: "k",
      flags: null,
    },
  ]);
  const known = await database.pool.query(
    `select * from ${database.schema}._private_known_crontabs`,
  );
  expect(known.rows).toEqual([
    { identifier: "mine", known_since: at("08:00:30"), last_execution: at("08:01:00") },
  ]);
});

test.each(["infinity", "3025-01-01"])(
  "an entry whose last execution is %s is scheduled all the same, each tick once",
  async (lastExecution) => {
    await database.pool.query(
      `insert into ${database.schema}._private_known_crontabs values ('a', '2025-01-01', $1)`,
      [lastExecution],
    );
    const schedulers = [1, 2].map(() => database.schedule("* * * * * a").scheduler);
    for (const time of ["08:00:30", "08:01:00", "08:02:00"]) {
      await Promise.all(schedulers.map((scheduler) => scheduler.tick(at(time))));
    }
    expect(await database.jobTimes("a")).toEqual(["08:01:00", "08:02:00"]);
  },
);

describe("what was due before the start", () => {
  test("is not made up for when the entry is new", async () => {
    await database.schedule("* * * * * a ?fill=1h").scheduler.tick(at("08:00:30"));
    expect(await database.jobTimes("a")).toEqual([]);
    await database.schedule("* * * * * a ?fill=1h").scheduler.tick(at("08:03:30"));
    expect(await database.jobTimes("a", true)).toEqual(every(60, "08:01:00", "08:03:00"));
  });

  test("is made up for as far as fill goes, after the last tick", async () => {
    const crontab = "* * * * * a ?fill=5m\n*/2 * * * * b ?fill=1h\n* * * * * c";
    const first = database.schedule(crontab).scheduler;
    await first.tick(at("07:59:30"));
    await first.tick(at("08:10:00"));
    const { scheduler, events } = database.schedule(crontab);
    await scheduler.tick(at("08:20:00"));
    expect(await database.jobTimes("a", true)).toEqual(every(60, "08:15:00", "08:19:00"));
    expect(await database.jobTimes("b", true)).toEqual(every(120, "08:12:00", "08:18:00"));
    expect(await database.jobTimes("c", true)).toEqual([]);
    for (const [task, step] of [
      ["a", 60],
      ["b", 120],
      ["c", 60],
    ] as const) {
      const onTime = [...every(step, "08:00:00", "08:10:00"), "08:20:00"];
      expect(await database.jobTimes(task, false)).toEqual(onTime);
    }
    const scheduled = events("cron:scheduled").flatMap(({ ticks }) => ticks);
    expect(scheduled.filter((tick) => tick.backfilled)).toHaveLength(9);
    expect(events("cron:backfill").length).toBeGreaterThan(0);
  });

  test("is made up for to the second by an entry with seconds", async () => {
    await database.schedule("*/10 * * * * * a ?fill=1m").scheduler.tick(at("08:00:05"));
    await database.schedule("*/10 * * * * * a ?fill=1m").scheduler.tick(at("08:02:00"));
    expect(await database.jobTimes("a", true)).toEqual(every(10, "08:01:00", "08:01:50"));
  });
});

describe("schedulers that share entries", () => {
  test("win each tick once between them, however late each is", async () => {
    const crontab = "* * * * * a\n*/7 * * * * b ?jobKey=one\n*/5 * * * * * c";
    const fleet = [1, 2, 3].map(() => database.schedule(crontab).scheduler);
    await Promise.all(fleet.map((scheduler) => scheduler.tick(at("08:00:01"))));
    const won = new Map(fleet.map((scheduler) => [scheduler, 0]));
    for (let step = 0; step < 40; step++) {
      const now = new Date(+at("08:00:01") + step * 15_000);
      // All of them would be no race: each misses some of the steps, but for the last.
      const turn = fleet.filter((_, index) => step === 39 || (step >> index) % 3 !== 0);
      await Promise.all(
        turn.map(async (scheduler) => {
          const ticks = await scheduler.tick(now);
          won.set(scheduler, (won.get(scheduler) ?? 0) + ticks.length);
        }),
      );
    }
    expect(await database.jobTimes("a")).toEqual(every(60, "08:01:00", "08:09:00"));
    expect(await database.jobTimes("c")).toEqual(every(5, "08:00:05", "08:09:45"));
    expect(await database.jobTimes("b")).toEqual(["08:07:00"]);
    const total = [...won.values()].reduce((sum, count) => sum + count, 0);
    expect(total).toBe(9 + 1 + 117);
    expect(Math.min(...won.values())).toBeGreaterThan(0);
  });

  test("wait for one whose clock is less than a day ahead", async () => {
    const minute = Math.floor(Date.now() / 60_000) * 60_000;
    const ahead = new Date(minute + 23 * 3_600_000);
    await database.schedule("* * * * * a").scheduler.tick(ahead);
    const { scheduler } = database.schedule("* * * * * a ?fill=1h");
    expect(await scheduler.tick(at("08:01:00"))).toEqual([]);
    await database.pool.query(`delete from ${database.schema}._private_known_crontabs`);
    expect(await scheduler.tick(at("08:02:00"))).toMatchObject([{ ts: at("08:02:00") }]);
  });

  test("win a tick with its job or not at all", async () => {
    const { scheduler } = database.schedule("* * * * * a");
    await scheduler.tick(at("08:00:30"));
    await database.pool.query(
      `create function refuse() returns trigger language plpgsql set search_path = public as
         $$ begin raise exception 'refused'; end $$;
       create trigger refuse before insert on ${database.schema}._private_jobs execute function refuse()`,
    );
    await expect(scheduler.tick(at("08:02:00"))).rejects.toThrow("refused");
    await database.pool.query("drop function refuse cascade");
    await scheduler.tick(at("08:02:00"));
    expect(await database.jobTimes("a")).toEqual(["08:01:00", "08:02:00"]);
  });

  test("don't add a tick twice when the answer to its statement got lost", async () => {
    let isCut = false;
    const cut: Executor = {
      query: async (text, values) => {
        const result = await database.db.query(text, values);
        if (isCut) throw new Error("Connection terminated unexpectedly");
        return result;
      },
    };
    const { scheduler } = database.schedule("* * * * * a", { db: cut });
    await scheduler.tick(at("08:00:30"));
    isCut = true;
    await expect(scheduler.tick(at("08:01:00"))).rejects.toThrow("Connection terminated");
    isCut = false;
    await scheduler.tick(at("08:02:00"));
    expect(await database.jobTimes("a")).toEqual(["08:01:00", "08:02:00"]);
  });
});

test("an entry whose data the database refuses costs only its own ticks", async () => {
  const { pool, schema } = database;
  await pool.query(
    `create function refuse() returns trigger language plpgsql set search_path = public as $$
    begin
      if tg_table_name = '_private_jobs' and to_jsonb(new) -> 'payload' ->> 'n' = '7'
      or tg_table_name = '_private_known_crontabs' and to_jsonb(new) ->> 'identifier' = 'unknowable'
      then
        raise exception 'refused' using errcode = '23514';
      end if;
      return new;
    end $$;
    create trigger refuse before insert on ${schema}._private_jobs
    for each row execute function refuse();
    create trigger refuse before insert on ${schema}._private_known_crontabs
    for each row execute function refuse()`,
  );
  try {
    const crontab = [
      ...["a", "b", "c"].map((task) => `* * * * * ${task}`),
      "* * * * * bad {n: 7}",
      "* * * * * d ?id=unknowable",
      "* * * * * e",
    ];
    const { scheduler, events } = database.schedule(crontab.join("\n"));
    await scheduler.tick(at("08:00:30"));
    await expect(scheduler.tick(at("08:02:00"))).rejects.toThrow("refused");
    const won = events("cron:scheduled").flatMap(({ ticks }) => ticks.map(({ task }) => task));
    const tasks = ["a", "b", "c", "e"];
    expect(won).toEqual([...tasks, ...tasks]);
    for (const task of tasks) {
      expect(await database.jobTimes(task)).toEqual(["08:01:00", "08:02:00"]);
    }
    // Nothing is lost: once the database takes them, the others' ticks are made up for.
    await pool.query("drop function refuse() cascade");
    await scheduler.tick(at("08:03:00"));
    for (const task of [...tasks, "bad", "d"]) {
      expect(await database.jobTimes(task)).toEqual(["08:01:00", "08:02:00", "08:03:00"]);
    }
  } finally {
    await pool.query("drop function if exists refuse() cascade");
  }
});
