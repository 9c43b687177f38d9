import { expect, test } from "vitest";
import { bindHandlers } from "../../src/tasks/handlers.js";
import { defineTask } from "../../src/tasks/task.js";

const greet = defineTask<object, object>({
  identifier: "greet",
  schema: "graphile_worker",
  validator: () => true,
});

test("a handler is found by its task's identifier", () => {
  const handler = () => {};
  const { tasks } = bindHandlers({ greet }, { greet: handler });
  expect([...tasks]).toEqual([["greet", { task: greet, handler }]]);
});

test("a handler without a task is refused with a suggestion", () => {
  expect(() => bindHandlers({ greet }, { gret: () => {} } as never)).toThrowError(
    expect.objectContaining({
      code: "TASK_UNKNOWN",
      message: expect.stringContaining('Did you mean "greet"?'),
    }),
  );
  expect(() => bindHandlers({ greet }, { toString: () => {} } as never)).toThrowError(
    expect.objectContaining({ code: "TASK_UNKNOWN" }),
  );
});

test("a handler that isn't a function is refused", () => {
  expect(() => bindHandlers({ greet }, { greet: "later" } as never)).toThrowError(
    expect.objectContaining({ code: "OPTION_INVALID" }),
  );
});
