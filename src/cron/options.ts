import { anything, arrayOf, boolean, oneOf, type Rules } from "../option-rules.js";
import type { Checked } from "../options.js";
import type { AnyTask } from "../tasks/task.js";
import type { CronEntry } from "./entry.js";
import { crontabRule } from "./parse-crontab.js";
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

/** Each option's rule and default. What is in the entries is checked when they are resolved. */
export const schedulingRules = {
  crontab: crontabRule.or(""),
  cronEntries: arrayOf(anything<CronEntry>(), "entries").or(Object.freeze([])),
  cronUnknownTasks: oneOf("refuse", "allow").or("refuse"),
  cron: boolean().or(true),
} satisfies Rules<SchedulingOptions>;

/**
 * The recurring jobs that a worker schedules: none, if it is told not to.
 * @throws TaskwrightError `CRONTAB_INVALID`, with all that is wrong.
 */
export function resolveCronOptions(
  handlers: ReadonlyMap<string, { readonly task: AnyTask }>,
  options: Checked<typeof schedulingRules>,
): readonly ResolvedCronEntry[] {
  const { crontab, cronEntries: entries, cronUnknownTasks: unknownTasks, cron } = options;
  const tasks = Object.fromEntries([...handlers].map(([id, { task }]) => [id, task]));
  const resolved = resolveCronEntries({ crontab, entries, tasks, unknownTasks });
  return cron ? resolved : Object.freeze([]);
}
