import { describe, expect, test } from "vitest";
import { definePartialHandlers } from "../../generated/tasks/index.js";
import { runOnce, startWorker, type CronEntry, type WorkerOptions } from "../../src/index.js";
import { handlersFor } from "../worker/support.js";

describe("bad entries end the start, before it touches the database, with all that is wrong", () => {
  const connectionString = "postgres://localhost:1/never";
  const handlers = handlersFor({ task: () => {} });
  const start = (options: Partial<WorkerOptions>) =>
    startWorker({ connectionString, handlers, ...options });

  test("of every source", async () => {
    const cronEntries = [
      { task: "task", schedule: "* * * * *", id: "task", tz: "Mars/Olympus" },
      { task: "nobody", schedule: "" },
      null as unknown as CronEntry,
    ];
    await expect(
      start({
        crontab: "0 25 * * * task ?id=a\n* * * * * task",
        cronEntries,
        handlers: handlersFor({ task: () => {} }, { cron: ["* * * * * ?fill=1y"] }),
      }),
    ).rejects.toMatchObject({
      code: "CRONTAB_INVALID",
      details: {
        problems: [
          { source: "crontab", line: 1, column: 3 },
          { source: "cronEntries[0]", message: expect.stringContaining("Mars/Olympus") as string },
          {
            source: "cronEntries[0]",
            message: expect.stringContaining('"task" is taken') as string,
          },
          { source: "cronEntries[1]", message: expect.stringContaining("nobody") as string },
          { source: "cronEntries[1]", column: 1 },
          { source: "cronEntries[2]", message: expect.stringContaining("an object") as string },
          { source: "x-task.cron of task", column: 12 },
        ],
      },
    });
  });

  test("a payload that its task's schema refuses", async () => {
    const options = {
      connectionString,
      handlers: definePartialHandlers({ send_email: () => {} }),
      crontab: "0 0 * * * send_email {to: 1}",
    };
    await expect(startWorker(options)).rejects.toMatchObject({ code: "CRONTAB_INVALID" });
    await expect(runOnce(options)).rejects.toMatchObject({ code: "CRONTAB_INVALID" });
    await expect(startWorker({ ...options, cron: false })).rejects.toMatchObject({
      code: "CRONTAB_INVALID",
    });
  });

  test.each<[string, Partial<WorkerOptions>]>([
    ["crontab", { crontab: ["* * * * * task"] as never }],
    ["cronEntries", { cronEntries: "* * * * * task" as never }],
    ["cronUnknownTasks", { cronUnknownTasks: true as never }],
    ["cron", { cron: "off" as never }],
  ])("a wrong %s", async (option, options) => {
    await expect(start(options)).rejects.toMatchObject({
      code: "OPTION_INVALID",
      details: { owner: "startWorker", option },
    });
  });
});
