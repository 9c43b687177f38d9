import { expect, test } from "vitest";
import { WorkerEvents, type WorkerEventName } from "../src/events.js";

function newEvents() {
  const reports: [WorkerEventName, unknown][] = [];
  const events = new WorkerEvents("me", (event, error) => reports.push([event, error]));
  return { events, reports };
}

test("a listener gets what happened and whose event it is, until it is removed", () => {
  const { events } = newEvents();
  const heard: unknown[] = [];
  const remove = events.on("pool:gracefulShutdown", (event) => heard.push(event));
  events.emit("pool:gracefulShutdown", () => ({ message: "now" }));
  remove();
  events.emit("pool:gracefulShutdown", () => ({ message: "again" }));
  expect(heard).toEqual([{ message: "now", workerId: "me" }]);
});

test("once hears once", () => {
  const { events } = newEvents();
  let heard = 0;
  events.once("pool:release", () => (heard += 1));
  events.emit("pool:release", () => ({}));
  events.emit("pool:release", () => ({}));
  expect(heard).toBe(1);
});

test("a listener that throws or rejects keeps nobody else from hearing, and is reported", async () => {
  const { events, reports } = newEvents();
  const thrown = new Error("thrown");
  const rejected = new Error("rejected");
  let heard = 0;
  events.on("pool:release", () => {
    throw thrown;
  });
  events.on("pool:release", () => Promise.reject(rejected));
  events.on("pool:release", () => (heard += 1));
  events.emit("pool:release", () => ({}));
  await new Promise((resolve) => setImmediate(resolve));
  expect(heard).toBe(1);
  expect(reports).toEqual([
    ["pool:release", thrown],
    ["pool:release", rejected],
  ]);
});

test("without listeners the event isn't even made", () => {
  const { events } = newEvents();
  events.emit("pool:release", () => {
    throw new Error("It was made.");
  });
  expect.assertions(0);
});

test("an event that doesn't exist, and a listener that is no function, are refused", () => {
  const events = new WorkerEvents("w", () => {});
  for (const add of ["on", "once"] as const) {
    expect(() => events[add]("job:sucess" as never, () => {})).toThrow(
      expect.objectContaining({
        code: "OPTION_UNKNOWN",
        message: expect.stringContaining('Did you mean "job:success"?') as string,
      }),
    );
    for (const name of [null, 1, "constructor", Symbol("job:success")]) {
      expect(() => events[add](name as never, () => {})).toThrow(
        expect.objectContaining({ code: "OPTION_UNKNOWN" }),
      );
    }
    expect(() => events[add]("job:success", null as never)).toThrow(
      expect.objectContaining({ code: "OPTION_INVALID" }),
    );
  }
});
