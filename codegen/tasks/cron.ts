import type { ReadDefaults } from "./options.js";
import type { Finding } from "./rule.js";

/**
 * Finds what is wrong with a schedule of `x-task.cron`: a sentence for each fault, none for a right
 * one. It comes from whoever reads schedules at run time, so that both read them alike.
 */
export type ScheduleCheck = (schedule: string) => readonly string[];

/** Reads `x-task.cron`; findings carry pointers. */
export function readCron(value: unknown, check: ScheduleCheck): ReadDefaults {
  const schedules: unknown[] = [value].flat();
  const findings = schedules.flatMap((schedule, index) => {
    const pointer = Array.isArray(value) ? `/x-task/cron/${index}` : "/x-task/cron";
    const faults = typeof schedule === "string" ? check(schedule) : ["It must be a string."];
    return faults.map((fault) => finding(pointer, fault));
  });
  if (schedules.length === 0) findings.push(finding("/x-task/cron", "It is empty."));
  return { defaults: { cron: Object.freeze(schedules as string[]) }, findings };
}

function finding(pointer: string, fault: string): Finding {
  return {
    rule: "x-task-value",
    pointer,
    message: `cron of x-task can't be read: ${fault}`,
    hint: 'Make it a schedule such as "0 8 * * *" or "0 8 * * * ?tz=Europe/Paris", or an array of them.',
  };
}
