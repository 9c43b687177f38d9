import type { AnyTask } from "../tasks/task.js";
import { readEntryOf } from "./crontab-line.js";
import type { CronEntry } from "./entry.js";
import type { Report } from "./problem.js";

/**
 * Reads a task's `x-task.cron`: each text is a crontab line without the task. A single one has the
 * task's name as its id, as in a crontab; of several, each has an id that lasts until its schedule
 * is changed, unless `?id=` gives one.
 */
export function readTaskSchedules(task: AnyTask, report: Report): CronEntry[] {
  const { identifier, cron } = task;
  return cron.map((text) => {
    const entry = readEntryOf(identifier, text, report);
    if (cron.length === 1) return entry;
    const zone = entry.tz === undefined ? "" : ` ${entry.tz}`;
    return { id: `${identifier}@${entry.schedule}${zone}`, ...entry };
  });
}

/** What is wrong with one of these texts, each fault with its column: for codegen. */
export function findScheduleFaults(text: string): string[] {
  const faults: string[] = [];
  readEntryOf("task", text, (offset, message) => {
    faults.push(`column ${offset + 1}: ${message}`);
  });
  return faults;
}
