import { expect, expectTypeOf, test } from "vitest";
import { cron, tasks } from "../../generated/tasks/index.js";
import type { CronBuilder } from "../../src/cron/define-cron.js";
import { resolveCronEntries } from "../../src/cron/resolve.js";
import { nextTicks } from "../../src/cron/schedule.js";
import type { TaskDefinition } from "../../src/tasks/task.js";
import { catchError } from "./support.js";

const from = new Date("2026-01-01T00:00:00Z");

test.each([
  [cron.daily("send_daily_report", { at: "08:00" }), "0 8 * * *"],
  [cron.daily("send_daily_report", { at: "8:05:30" }), "30 5 8 * * *"],
  [cron.weekly("send_daily_report", { at: "08:00", on: "sunday" }), "0 8 * * 0"],
  [cron.weekly("send_daily_report", { at: "23:59", on: ["monday", "friday"] }), "59 23 * * 1,5"],
  [cron.monthly("send_daily_report", { at: "00:00", on: 31 }), "0 0 31 * *"],
  [cron.every("send_daily_report", { seconds: 1 }), "* * * * * *"],
  [cron.every("send_daily_report", { seconds: 10 }), "*/10 * * * * *"],
  [cron.every("send_daily_report", { minutes: 1 }), "* * * * *"],
  [cron.every("send_daily_report", { minutes: 15 }), "*/15 * * * *"],
  [cron.every("send_daily_report", { hours: 6 }), "0 */6 * * *"],
  [cron.expression("send_daily_report", "0 8 * * 1-5"), "0 8 * * 1-5"],
])("%s has the schedule %s", (entry, schedule) => {
  expect(entry).toEqual({ task: "send_daily_report", schedule });
  expect(resolveCronEntries({ entries: [entry], tasks })).toHaveLength(1);
});

test("options are kept beside the schedule", () => {
  const entry = cron.daily("send_daily_report", {
    at: "08:00",
    tz: "Europe/Paris",
    id: "paris",
    payload: { recipients: ["a@example.org"] },
    backfillMs: 3_600_000,
    priority: 3,
  });
  const [resolved] = resolveCronEntries({ entries: [entry], tasks });
  expect(resolved).toMatchObject({
    id: "paris",
    payload: { recipients: ["a@example.org"] },
    spec: { priority: 3, queueName: "reports", maxAttempts: 3 },
    backfillMs: 3_600_000,
  });
  expect(resolved && nextTicks(resolved.schedule, from, 1)).toEqual([
    new Date("2026-01-01T07:00:00Z"),
  ]);
});

test.each([
  ["at", () => cron.daily("send_daily_report", { at: "24:00" })],
  ["at", () => cron.daily("send_daily_report", { at: "8" })],
  ["at", () => cron.daily("send_daily_report", { at: "08:60" })],
  ["at", () => cron.daily("send_daily_report", { at: "08:00:61" })],
  ["at", () => cron.daily("send_daily_report", {} as { at: string })],
  ["on", () => cron.weekly("send_daily_report", { at: "08:00", on: [] })],
  ["on", () => cron.weekly("send_daily_report", { at: "08:00", on: "Monday" as "monday" })],
  ["on", () => cron.monthly("send_daily_report", { at: "08:00", on: 32 })],
  ["interval", () => cron.every("send_daily_report", { minutes: 7 })],
  ["interval", () => cron.every("send_daily_report", { minutes: 60 })],
  ["interval", () => cron.every("send_daily_report", { hours: 0 })],
  ["interval", () => cron.every("send_daily_report", { minutes: 5, hours: 1 })],
  ["interval", () => cron.every("send_daily_report", {} as { hours: number })],
])("a wrong %s is refused at once", (option, run) => {
  expect(catchError(run)).toMatchObject({ code: "OPTION_INVALID", details: { option } });
});

test("a task that doesn't exist is refused at once, with a suggestion", () => {
  const error = catchError(() => cron.expression("send_emial" as "send_email", "* * * * *", mail));
  expect(error).toMatchObject({ code: "TASK_UNKNOWN", details: { task: "send_emial" } });
  expect(error.message).toContain('Did you mean "send_email"?');
});

const mail = { payload: { to: "a@example.org", subject: "", body: "" } };

test("types know the tasks and their payloads", () => {
  const typed = [
    () => cron.daily("send_email", { at: "08:00", ...mail }),
    // @ts-expect-error a payload is required
    () => cron.daily("send_email", { at: "08:00" }),
    // @ts-expect-error a payload is required
    () => cron.expression("send_email", "* * * * *"),
    // @ts-expect-error the payload is not the task's
    () => cron.every("send_email", { hours: 1 }, { payload: { to: 1 } }),
    // @ts-expect-error there is no such task
    () => cron.daily("send_mail", { at: "08:00" }),
    // @ts-expect-error a batch task's payload has no place for _cron
    () => cron.expression("import_contacts", "* * * * *", { payload: [] }),
    // @ts-expect-error the option is called tz
    () => cron.daily("send_daily_report", { at: "08:00", timezone: "Europe/Paris" }),
    // @ts-expect-error when a job runs is the schedule's affair
    () => cron.daily("send_daily_report", { at: "08:00", runAt: new Date() }),
    // @ts-expect-error a day of the week is written in lower case
    () => cron.weekly("send_daily_report", { at: "08:00", on: "Monday" }),
  ];
  expect(typed).toHaveLength(9);
});

test("a task without properties, or without required ones, needs no payload", () => {
  type Tasks = Record<"bare" | "empty", TaskDefinition<Readonly<Record<string, never>>, object>> &
    Record<"optional", TaskDefinition<{ readonly day?: string }, object>> &
    Record<"required", TaskDefinition<{ readonly to: string }, object>>;
  const check = (made: CronBuilder<Tasks>) => {
    made.daily("bare", { at: "08:00" });
    made.weekly("bare", { at: "08:00", on: "monday" });
    made.monthly("bare", { at: "08:00", on: 1 });
    made.every("bare", { hours: 1 });
    made.expression("bare", "0 8 * * *");
    made.daily("empty", { at: "08:00", payload: {} });
    made.daily("optional", { at: "08:00" });
    made.daily("required", { at: "08:00", payload: { to: "ada" } });
    // @ts-expect-error: the payload is required.
    made.daily("required", { at: "08:00" });
    // @ts-expect-error: it has no properties.
    made.daily("bare", { at: "08:00", payload: { to: "ada" } });
  };
  expectTypeOf(check).toBeFunction();
});
