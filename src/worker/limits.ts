import { TaskwrightError } from "../errors.js";
import { integer, type Rules } from "../option-rules.js";
import { checkOptions, suggestion } from "../options.js";
import type { ClaimedJob } from "./claimed-job.js";
import type { TaskIds } from "./task-ids.js";

/** How many jobs of one task run at once. */
export interface TaskLimit {
  /** In this worker: claimed ones that wait to start count, too. */
  readonly perWorker?: number;
  /**
   * In all Taskwright workers together; at most 10,000. It counts locked jobs, so a dead worker's
   * count until a sweep gives them back. The peers' workers neither count nor obey. While workers
   * have different limits for a task, such as during a deployment, the largest holds.
   *
   * Room that another worker makes is seen at the next poll; its own, a worker fills at once.
   */
  readonly fleet?: number;
}

/** Limits by task identifier. */
export type TaskLimits = Readonly<Record<string, TaskLimit>>;

/** As many as a worker can hold: see the rules of `concurrency` and `bufferSize`. */
const maxPerWorker = 2_000_000;
/** Each slot that is taken is looked at by each claim. */
const maxFleet = 10_000;

/** Each option's rule. */
const rules = {
  perWorker: integer(1, maxPerWorker),
  fleet: integer(1, maxFleet),
} satisfies Rules<TaskLimit>;

/** @throws TaskwrightError `TASK_UNKNOWN`, `OPTION_UNKNOWN`, `OPTION_INVALID` */
export function resolveTaskLimits(
  given: TaskLimits,
  tasks: readonly string[],
): ReadonlyMap<string, TaskLimit> {
  return new Map(
    Object.entries(given).map(([task, limit]) => {
      if (!tasks.includes(task)) {
        throw new TaskwrightError(
          "TASK_UNKNOWN",
          `The option taskLimits names a task that has no handler: "${task}".${suggestion(task, tasks)}`,
          { option: "taskLimits", task, known: tasks },
        );
      }
      return [task, resolveLimit(`taskLimits.${task}`, limit)];
    }),
  );
}

function resolveLimit(owner: string, given: TaskLimit): TaskLimit {
  const { perWorker, fleet } = checkOptions(owner, given, rules);
  return Object.freeze({
    ...(perWorker === undefined ? {} : { perWorker }),
    ...(fleet === undefined ? {} : { fleet }),
  });
}

export interface LimitsOptions {
  readonly limits: ReadonlyMap<string, TaskLimit>;
  readonly taskIds: Pick<TaskIds, "identifierOf">;
  /** The jobs that this worker runs or is about to run. */
  readonly held: () => Iterable<Pick<ClaimedJob, "task">>;
}

/** Tells a claim how many jobs of each limited task this worker may take. */
export class Limits {
  readonly #options: LimitsOptions;

  constructor(options: LimitsOptions) {
    this.#options = options;
  }

  has(task: string): boolean {
    return this.#options.limits.has(task);
  }

  /** The limits that can matter to a claim of so many jobs, as the claim takes them; null: none. */
  forClaim(taskIds: readonly number[], maxJobs: number): string | null {
    if (this.#options.limits.size === 0) return null;
    const held = this.#countHeld();
    const limits = taskIds.flatMap((id) => {
      const task = this.#options.taskIds.identifierOf(id);
      const { perWorker, fleet } = this.#options.limits.get(task) ?? {};
      const room = perWorker === undefined ? maxJobs : perWorker - (held.get(task) ?? 0);
      if (fleet === undefined && room >= maxJobs) return [];
      return [{ task_id: id, room: Math.min(room, maxJobs), fleet }];
    });
    return limits.length === 0 ? null : JSON.stringify(limits);
  }

  #countHeld(): ReadonlyMap<string, number> {
    const counts = new Map<string, number>();
    for (const { task } of this.#options.held()) counts.set(task, (counts.get(task) ?? 0) + 1);
    return counts;
  }
}
