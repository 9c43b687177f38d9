import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { tasks } from "../../generated/tasks/index.js";
import type { CronEntry } from "../../src/cron/entry.js";
import { findScheduleFaults } from "../../src/cron/task-schedules.js";
import { resolveCronEntries } from "../../src/cron/resolve.js";
import { parseCrontab } from "../../src/cron/parse-crontab.js";
import { nextTicks } from "../../src/cron/schedule.js";
import { defineTask } from "../../src/tasks/task.js";
import { catchError } from "./support.js";

const from = new Date("2026-01-01T00:00:00Z");

function taskWith(identifier: string, cron: readonly string[], batch?: object) {
  return defineTask<unknown, unknown>({
    identifier,
    schema: "graphile_worker",
    validator: () => true,
    cron,
    ...(batch === undefined ? {} : { batch }),
  });
}

test("all sources are joined: the crontab's lines, then entries, then the schemas'", () => {
  const resolved = resolveCronEntries({
    crontab: "0 8 * * * send_daily_report ?id=morning",
    entries: [{ task: "send_daily_report", schedule: "0 20 * * *", id: "evening" }],
    tasks: { ...tasks, sweep: taskWith("sweep", ["0 3 * * *"]) },
  });
  expect(resolved.map(({ id }) => id)).toEqual(["morning", "evening", "sweep"]);
});

test("the schemas' entries have one order, however a worker lists its tasks", () => {
  const [a, b] = [taskWith("a", ["0 3 * * *"]), taskWith("b", ["0 3 * * *"])];
  const ids = [
    { a, b },
    { b, a },
  ].map((tasks) => resolveCronEntries({ tasks }).map(({ id }) => id));
  expect(ids).toEqual([
    ["a", "b"],
    ["a", "b"],
  ]);
});

test("the id is the task's name unless one is given, as in graphile-worker", () => {
  const entries = [{ task: "send_daily_report", schedule: "0 20 * * *" }];
  expect(resolveCronEntries({ entries, tasks })[0]?.id).toBe("send_daily_report");
});

test("a schedule that never ticks is refused wherever it is given", () => {
  const never = "0 0 30 2 *";
  for (const given of [
    { crontab: `${never} send_daily_report` },
    { entries: [{ task: "send_daily_report", schedule: never }] },
    { tasks: { sweep: taskWith("sweep", [never]) } },
  ]) {
    const error = catchError(() => resolveCronEntries({ tasks, ...given }));
    expect(error).toMatchObject({ code: "CRONTAB_INVALID" });
    expect(error.message).toContain("never ticks: month 2 has no day 30");
  }
  expect(() => parseCrontab(`${never} send_daily_report`)).toThrow("never ticks");
  expect(findScheduleFaults(never)).toEqual([expect.stringContaining("never ticks")]);
});

test("a parsed crontab may be given as entries", () => {
  const entries = parseCrontab("0 8 * * * send_daily_report ?jobKeyMode=replace");
  expect(resolveCronEntries({ entries, tasks })[0]?.spec).not.toHaveProperty("jobKeyMode");
});

test("the payload is stored with the task's defaults, and _cron is not part of it", () => {
  const crontab = '0 8 * * * send_daily_report {date: "2026-01-01", _cron: 1}';
  const [entry] = resolveCronEntries({ crontab, tasks });
  expect(entry?.payload).toEqual({ date: "2026-01-01", recipients: [] });
});

test("a task's x-task defaults apply, the entry's options win", () => {
  const crontab = "0 8 * * * send_daily_report ?max=7&jobKey=one";
  expect(resolveCronEntries({ crontab, tasks })[0]?.spec).toEqual({
    queueName: "reports",
    maxAttempts: 7,
    jobKey: "one",
    jobKeyMode: "replace",
  });
});

describe("a schedule in the schema", () => {
  const resolve = (...cron: string[]) =>
    resolveCronEntries({ tasks: { sweep: taskWith("sweep", cron) } });

  test("may have options and a payload", () => {
    const [entry] = resolve("0 8 * * * ?tz=Europe/Paris&fill=1d&id=paris {deep: true}");
    expect(entry).toMatchObject({ id: "paris", backfillMs: 86_400_000, payload: { deep: true } });
    expect(entry && nextTicks(entry.schedule, from, 1)).toEqual([new Date("2026-01-01T07:00Z")]);
  });

  test("beside others has an id of its own", () => {
    const entries = resolve("0 8 * * *", "0 8 * * * ?tz=Europe/Paris", "0 9 * * * ?id=nine");
    expect(entries.map(({ id }) => id)).toEqual([
      "sweep@0 8 * * *",
      "sweep@0 8 * * * Europe/Paris",
      "nine",
    ]);
  });

  test("is refused with its column", () => {
    const error = catchError(() => resolve("0 25 * * *"));
    expect(error.details["problems"]).toMatchObject([
      { source: "x-task.cron of sweep", column: 3 },
    ]);
  });
});

describe("at start is refused", () => {
  test.each([
    ["an unknown task", { crontab: "* * * * * send_emial" }, 'Did you mean "send_email"?'],
    [
      "a payload that breaks the schema",
      { crontab: "* * * * * send_email {to: 1}" },
      "crontab, line 1: The payload of task send_email breaks its schema: /subject is required",
    ],
    [
      "a payload that JSON can't hold",
      { crontab: "* * * * * send_daily_report {recipients: NaN}" },
      "which JSON doesn't have",
    ],
    [
      "a batch task",
      { entries: [{ task: "import_contacts", schedule: "* * * * *", payload: [] }] },
      "must be an object: _cron is added to it",
    ],
    [
      "a batch task's items, with what to do instead",
      { entries: [{ task: "import_contacts", schedule: "* * * * *", payload: [] }] },
      "Schedule a task that adds the items to the batch task",
    ],
    [
      "a task whose name the database can't hold",
      { entries: [{ task: "x".repeat(129), schedule: "* * * * *" }] },
      "The task must be a string of 1 to 128 characters",
    ],
    [
      "an empty schedule",
      { entries: [{ task: "send_daily_report", schedule: "" }] },
      "cronEntries[0], column 1: The schedule is empty",
    ],
    [
      "a zone that doesn't exist",
      { entries: [{ task: "send_daily_report", schedule: "* * * * *", tz: "Paris" }] },
      'There is no time zone "Paris"',
    ],
    [
      "an unknown option",
      { entries: [{ task: "send_daily_report", schedule: "* * * * *", timezone: "UTC" }] },
      'There is no option "timezone"',
    ],
    [
      "a job option out of range",
      { crontab: "* * * * * send_daily_report ?max=0" },
      '"maxAttempts" of task send_daily_report must be an integer from 1',
    ],
    [
      "a priority out of range",
      { crontab: "* * * * * send_daily_report ?priority=99999" },
      '"priority" of task send_daily_report must be an integer',
    ],
    [
      "a backfill that is no number",
      { entries: [{ task: "send_daily_report", schedule: "* * * * *", backfillMs: -1 }] },
      '"backfillMs" must be a number',
    ],
    [
      "an id that is taken by another source",
      {
        crontab: "* * * * * send_daily_report",
        entries: [{ task: "send_daily_report", schedule: "* * * * *" }],
      },
      'cronEntries[0]: The id "send_daily_report" is taken (crontab, line 1)',
    ],
  ])("%s", (_, sources, message) => {
    const error = catchError(() => resolveCronEntries({ ...sources, tasks }));
    expect(error.code).toBe("CRONTAB_INVALID");
    expect(error.message).toContain(message);
  });

  test("everything at once, each problem with its place", () => {
    const sources = {
      crontab: "61 * * * * send_daily_report\n* * * * * send_email",
      entries: [{ task: "nobody", schedule: "* * *" }],
    };
    const error = catchError(() => resolveCronEntries({ ...sources, tasks }));
    expect(error.details["problems"]).toMatchObject([
      { source: "crontab", line: 1, column: 1 },
      { source: "crontab", line: 2, issues: [{ pointer: "/to" }, {}, {}] },
      { source: "cronEntries[0]" },
      { source: "cronEntries[0]", column: 1 },
    ]);
  });
});

test("whatever is given by hand, it is accepted or refused, and nothing else is thrown", () => {
  const value = fc.oneof(
    fc.anything({ maxDepth: 1 }),
    fc.constantFrom("* * * * *", "send_daily_report", "Europe/Paris", "replace", "id", 5),
  );
  const keys = ["task", "schedule", "tz", "id", "payload", "backfillMs", "jobKey", "jobKeyMode"];
  const others = ["priority", "queueName", "maxAttempts", "flags", "line", "nonsense"];
  const record = fc.dictionary(fc.constantFrom(...keys, ...others), value);
  const valid = record.map((given) => ({
    task: "send_daily_report",
    schedule: "* * * * *",
    ...given,
  }));
  fc.assert(
    fc.property(fc.array(fc.oneof(value, record, valid), { maxLength: 3 }), (entries) => {
      for (const unknownTasks of ["refuse", "allow"] as const) {
        try {
          resolveCronEntries({ entries: entries as CronEntry[], tasks, unknownTasks });
        } catch (error) {
          expect(error).toMatchObject({ code: "CRONTAB_INVALID" });
        }
      }
    }),
    { numRuns: 500 },
  );
});

test("tasks of other workers can be allowed; their payloads are taken as they are", () => {
  const crontab = "* * * * * elsewhere ?queue=q {a: 1}";
  const [entry] = resolveCronEntries({ crontab, tasks, unknownTasks: "allow" });
  expect(entry).toMatchObject({ task: "elsewhere", payload: { a: 1 }, spec: { queueName: "q" } });
});
