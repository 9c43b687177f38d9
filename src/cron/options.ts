import { refuseOption } from "../options.js";
import type { AnyTask } from "../tasks/task.js";
import type { CronEntry } from "./entry.js";
import { resolveCronEntries, type ResolvedCronEntry } from "./resolve.js";

/**
 * What a worker may be told of recurring jobs. The schedules of its own tasks, `x-task.cron`, need
 * no option.
 */
export interface SchedulingOptions {
  /** A crontab's text, as `parseCrontab` reads it. Default: empty. */
  readonly crontab?: string;
  /** More recurring jobs: from the generated `cron`, from `parseCrontab` or by hand. Default: none. */
  readonly cronEntries?: readonly CronEntry[];
  /**
   * Whether an entry may name a task that this worker has no handler for, because others run it. Its
   * payload can't be checked then. Default `refuse`.
   */
  readonly cronUnknownTasks?: "refuse" | "allow";
  /**
   * Whether the worker schedules its recurring jobs; it runs those of its tasks in any case, whoever
   * scheduled them. What it is told of them is checked either way. Default true. `runOnce` never
   * schedules. Source: graphile-worker's `run` and `runOnce`.
   */
  readonly cron?: boolean;
}

export const cronDefaults = {
  crontab: "",
  cronEntries: Object.freeze([]),
  cronUnknownTasks: "refuse",
  cron: true,
} as const satisfies SchedulingOptions;

/**
 * The recurring jobs that a worker schedules: none, if it is told not to.
 * @param owner The function whose options they are, for messages.
 * @throws TaskwrightError `OPTION_INVALID`; `CRONTAB_INVALID`, with all that is wrong.
 */
export function resolveCronOptions(
  owner: string,
  handlers: ReadonlyMap<string, { readonly task: AnyTask }>,
  {
    crontab,
    cronEntries: entries,
    cronUnknownTasks: unknownTasks,
    cron,
  }: Required<SchedulingOptions>,
): readonly ResolvedCronEntry[] {
  if (typeof crontab !== "string") refuseOption(owner, "crontab", "a crontab's text");
  if (!Array.isArray(entries)) refuseOption(owner, "cronEntries", "an array of entries");
  if (unknownTasks !== "refuse" && unknownTasks !== "allow") {
    refuseOption(owner, "cronUnknownTasks", '"refuse" or "allow"');
  }
  if (typeof cron !== "boolean") refuseOption(owner, "cron", "true or false");
  const tasks = Object.fromEntries([...handlers].map(([id, { task }]) => [id, task]));
  const resolved = resolveCronEntries({ crontab, entries, tasks, unknownTasks });
  return cron ? resolved : Object.freeze([]);
}
