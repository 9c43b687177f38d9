import { TaskwrightError } from "../errors.js";
import { integer, type Rules } from "../option-rules.js";
import { checkOptions, suggestion } from "../options.js";
import type { ClaimedJob } from "./claimed-job.js";
import type { TaskIds } from "./task-ids.js";

/** How many jobs of one task run at once. */
export interface TaskLimit {
  /** In this worker. */
  readonly perWorker?: number;
  /**
   * In all Taskwright workers together; at most 10,000. A dead worker's jobs count until a sweep gives
   * them back. The peers' workers neither count nor obey. While workers have different limits for a task,
   * such as during a deployment, the largest holds.
   *
   * Where handlers are short, a worker claims several jobs for each of the places that it takes, and runs
   * them one after another. It sees room that another worker makes at its next poll, and room of its own
   * at once.
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
  readonly concurrency: number;
  /** Milliseconds that a claimed job should wait at most. */
  readonly waitMs: number;
  /** How many jobs this worker may claim ahead of need. */
  readonly ahead: () => number;
  /** The jobs that this worker runs. */
  readonly running: () => Iterable<LimitedJob>;
  /** The jobs that it claimed and doesn't run yet. */
  readonly waiting: () => Iterable<LimitedJob>;
  /** Called when slots that were freed one by one are to be filled together. */
  readonly onRoom: () => void;
}

/** What a limit concerns of a job. */
type LimitedJob = Pick<ClaimedJob, "task" | "slot">;

/** What a worker holds of one task. */
interface Load {
  jobs: number;
  /** The slots of the fleet's limit. */
  readonly slots: Set<number>;
}

const none: Load = { jobs: 0, slots: new Set() };

/** Jobs that were claimed together end within about this many milliseconds of each other. */
const gatherMs = 5;
const always = (): boolean => true;
/** How much a new measure of a handler's time counts against the old ones. */
const weight = 0.05;

/**
 * Keeps the limits of tasks. It tells a claim how many jobs of each limited task to bring. Jobs under a fleet
 * limit come with a slot each. Where handlers are short, several jobs share a slot, since a claim for each few
 * jobs would cost many times what the jobs do. The worker runs one job of a slot at a time.
 */
export class Limits {
  readonly #options: LimitsOptions;
  /** The mean time of the handlers of limited tasks, in milliseconds. */
  readonly #handlerMs = new Map<string, number>();
  /** Tasks whose freed slots wait for more. A timer ends it, not a clock: timers may fire early. */
  readonly #gathering = new Set<string>();

  constructor(options: LimitsOptions) {
    this.#options = options;
  }

  has(task: string): boolean {
    return this.#options.limits.has(task);
  }

  /** Whether a claim is to come when more slots are free. */
  get isGathering(): boolean {
    return this.#gathering.size > 0;
  }

  /** The limits that can matter to a claim of so many jobs, as the claim takes them; null: none. */
  forClaim(taskIds: readonly number[], maxJobs: number): string | null {
    const { limits, taskIds: names, concurrency, running, waiting } = this.#options;
    if (limits.size === 0) return null;
    const loads = this.#measure([...running(), ...waiting()]);
    const relevant = taskIds.flatMap((id) => {
      const task = names.identifierOf(id);
      const { perWorker, fleet } = limits.get(task) ?? {};
      const load = loads.get(task) ?? none;
      const room = Math.min(maxJobs, this.#room(task, load));
      if (fleet === undefined) return room < maxJobs ? [{ task_id: id, room }] : [];
      const slots = Math.max(0, Math.min(perWorker ?? concurrency, concurrency) - load.slots.size);
      if (slots === 0 || room === 0 || this.#gathering.has(task)) {
        return [{ task_id: id, room: 0, fleet }];
      }
      return [{ task_id: id, room, fleet, slots, per_slot: this.#perPlace(task) }];
    });
    return relevant.length === 0 ? null : JSON.stringify(relevant);
  }

  /** Tells which claimed jobs may start beside those that run now. */
  admission(): (job: LimitedJob) => boolean {
    const { limits, running } = this.#options;
    if (limits.size === 0) return always;
    const loads = this.#measure(running());
    return ({ task, slot }) => {
      const load = loads.get(task);
      if (load === undefined) return true;
      if (load.jobs >= (limits.get(task)?.perWorker ?? Infinity)) return false;
      return slot === null || !load.slots.has(slot);
    };
  }

  /** A handler ended. */
  onFinished({ task }: LimitedJob, handlerMs: number): void {
    if (!this.has(task)) return;
    const before = this.#handlerMs.get(task) ?? handlerMs;
    this.#handlerMs.set(task, before + weight * (handlerMs - before));
  }

  /** Whether settled jobs make room for others of their tasks now; otherwise `onRoom` may follow. */
  makesRoom(settled: readonly { readonly job: LimitedJob }[]): boolean {
    if (this.#options.limits.size === 0) return false;
    const limited = settled.flatMap(({ job }) => (this.has(job.task) ? [job] : []));
    if (limited.length === 0) return false;
    const loads = this.#measure([...this.#options.running(), ...this.#options.waiting()]);
    let hasRoom = false;
    for (const { task, slot } of limited) {
      const load = loads.get(task) ?? none;
      if ((slot !== null && load.slots.has(slot)) || this.#room(task, load) === 0) continue;
      if (slot !== null && load.slots.size > 0 && this.#perPlace(task) > 1) {
        this.#gather(task);
        continue;
      }
      this.#gathering.delete(task);
      hasRoom = true;
    }
    return hasRoom;
  }

  /** One claim is to fill this slot and those that are about to be freed. */
  #gather(task: string): void {
    if (this.#gathering.has(task)) return;
    this.#gathering.add(task);
    setTimeout(() => {
      this.#gathering.delete(task);
      this.#options.onRoom();
    }, gatherMs);
  }

  /**
   * How many more jobs of a task the worker has room for beside those that it holds. Where it holds several
   * for each place, half of them have to end first: a claim for each job would cost more than the job.
   */
  #room(task: string, load: Load): number {
    const { perWorker } = this.#options.limits.get(task) ?? {};
    if (perWorker === undefined) return Infinity;
    const perPlace = this.#perPlace(task);
    const capacity = perWorker * perPlace;
    if (perPlace > 1 && load.jobs * 2 > capacity) return 0;
    return Math.max(0, capacity - load.jobs);
  }

  /**
   * How many jobs to claim for each place of a limited task: as many as end within the time that a claimed job
   * may wait, and no more than an equal share of what is claimed ahead.
   */
  #perPlace(task: string): number {
    const { limits, concurrency, waitMs, ahead } = this.#options;
    const handlerMs = this.#handlerMs.get(task);
    if (handlerMs === undefined) return 1;
    const { perWorker = Infinity, fleet = Infinity } = limits.get(task) ?? {};
    const share = Math.ceil(ahead() / Math.min(perWorker, fleet, concurrency));
    return Math.max(1, Math.min(Math.floor(waitMs / handlerMs), 1 + share));
  }

  #measure(jobs: Iterable<LimitedJob>): ReadonlyMap<string, Load> {
    const loads = new Map<string, Load>();
    for (const { task, slot } of jobs) {
      if (!this.has(task)) continue;
      const load = loads.get(task) ?? { jobs: 0, slots: new Set() };
      load.jobs += 1;
      if (slot !== null) load.slots.add(slot);
      loads.set(task, load);
    }
    return loads;
  }
}
