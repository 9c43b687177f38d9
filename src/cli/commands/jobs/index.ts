import { commandGroup } from "../command.js";
import { completeCommand } from "./complete.js";
import { failCommand } from "./fail.js";
import { listCommand } from "./list.js";
import { removeCommand } from "./remove.js";
import { rescheduleCommand } from "./reschedule.js";
import { retryCommand } from "./retry.js";
import { runNowCommand } from "./run-now.js";
import { showCommand } from "./show.js";

export const jobsCommand = commandGroup(
  {
    name: "jobs",
    description: "Look at jobs and change them.",
    examples: `
      taskwright jobs list --state failed
      taskwright jobs retry 42`,
  },
  [
    listCommand,
    showCommand,
    completeCommand,
    failCommand,
    retryCommand,
    rescheduleCommand,
    runNowCommand,
    removeCommand,
  ],
);
