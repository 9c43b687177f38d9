import { isRecord, Rule } from "../option-rules.js";
import type { AnyTask } from "../tasks/task.js";

/** A task that is undefined because of a wrong import must not match no jobs silently. */
export const taskRule = new Rule<AnyTask>(
  "a task, such as the generated sendEmail",
  (value) =>
    isRecord(value) &&
    typeof value["identifier"] === "string" &&
    typeof value["validate"] === "function",
);
