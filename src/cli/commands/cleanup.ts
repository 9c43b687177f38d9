import { Argument } from "commander";
import { cleanup, type CleanupTask } from "../../manage/index.js";
import { confirm, type ConfirmFlags } from "../confirm.js";
import { exitCodes } from "../failure.js";
import { count, printResult } from "../output.js";
import type { DatabaseFlags } from "../session.js";
import { databaseCommand } from "./command.js";

interface Flags extends DatabaseFlags, ConfirmFlags {
  readonly keep?: readonly string[];
}

const tasks: readonly CleanupTask[] = [
  "GC_TASK_IDENTIFIERS",
  "GC_JOB_QUEUES",
  "DELETE_PERMAFAILED_JOBS",
];
/** What needs no asking: rows that nothing refers to. */
const harmless: readonly CleanupTask[] = ["GC_TASK_IDENTIFIERS", "GC_JOB_QUEUES"];

export const cleanupCommand = databaseCommand<Flags, [chosen: readonly CleanupTask[]]>({
  name: "cleanup",
  description: `Delete what is of no use any more. Default: ${harmless.join(" and ")}.`,
  examples: `
    taskwright cleanup
    taskwright cleanup DELETE_PERMAFAILED_JOBS --yes
    taskwright cleanup GC_TASK_IDENTIFIERS --keep send_email`,
  configure: (command) =>
    command
      .addArgument(new Argument("[tasks...]", "what to do").choices([...tasks]))
      .option("--keep <task...>", "tasks that GC_TASK_IDENTIFIERS leaves alone")
      .option("--yes", "don't ask before jobs are deleted"),
  run: async ({ db, schema, terminal }, flags, chosen) => {
    const chosenTasks = chosen.length === 0 ? harmless : chosen;
    const warning = "This deletes all jobs that have failed for good, with their payloads.";
    const isDestructive = chosenTasks.includes("DELETE_PERMAFAILED_JOBS");
    if (isDestructive && !(await confirm(terminal, flags, warning))) return exitCodes.failure;
    const result = await cleanup(db, {
      schema,
      tasks: chosenTasks,
      ...(flags.keep === undefined ? {} : { taskIdentifiersToKeep: flags.keep }),
    });
    printResult(terminal, flags, result, () => {
      const { deletedJobs, deletedTasks, deletedQueues } = result;
      const parts = [
        count(deletedJobs, "failed job"),
        count(deletedTasks, "unused task"),
        count(deletedQueues, "unused queue"),
      ];
      terminal.out(`deleted ${parts.join(", ")}`);
    });
    return exitCodes.ok;
  },
});
