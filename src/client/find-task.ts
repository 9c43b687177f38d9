import { TaskwrightError } from "../errors.js";
import { suggestion } from "../options.js";
import type { TaskRegistry } from "../tasks/handlers.js";
import type { AnyTask } from "../tasks/task.js";

/** @throws TaskwrightError `TASK_UNKNOWN` */
export function findTask(registry: TaskRegistry, given: unknown): AnyTask {
  // The caller may be JavaScript's.
  const identifier = typeof given === "string" ? given : `a value of type ${typeof given}`;
  const task = Object.hasOwn(registry, identifier) ? registry[identifier] : undefined;
  if (task !== undefined) return task;
  const known = Object.keys(registry);
  throw new TaskwrightError(
    "TASK_UNKNOWN",
    `There is no task "${identifier}".${suggestion(identifier, known)}`,
    { task: identifier, known },
  );
}
