import type { ClaimedJob } from "./claimed-job.js";

/** A task is known once this many of its jobs were completed in this process. */
const knownAfter = 10;
/** A job that runs longer than this is marked while it runs, if it wasn't before. */
export const fastMs = 50;
/** 95 of 100 jobs of a fast task take no longer than `fastMs`. */
const maxSlowShare = 0.05;
/** How much a new measure counts against the old ones, once there are enough. */
const leastWeight = 0.02;

interface TaskHistory {
  completed: number;
  ended: number;
  /** The share of jobs that took longer than `fastMs`; recent ones count more. */
  slowShare: number;
}

/**
 * Decides which jobs are marked as started before their handler begins. A mark costs a round trip, so
 * only jobs wait for it whose crash may be their own fault, or which take so long that it doesn't
 * matter: jobs that were tried before, of tasks that are new to this process, or of slow tasks.
 */
export class StartPolicy {
  readonly #tasks = new Map<string, TaskHistory>();

  mustMark(job: Pick<ClaimedJob, "task" | "wasTried">): boolean {
    const history = this.#tasks.get(job.task);
    return isSuspect(job, history) || (history?.slowShare ?? 0) > maxSlowShare;
  }

  /**
   * Whether no other job may be marked in the same statement. A handler that ends the process at once
   * would leave the others marked as started before they are.
   */
  mustMarkAlone(job: Pick<ClaimedJob, "task" | "wasTried">): boolean {
    return isSuspect(job, this.#tasks.get(job.task));
  }

  /** @param isCompleted Whether the job was completed: a task that only fails stays unknown. */
  onEnded({ task }: Pick<ClaimedJob, "task">, handlerMs: number, isCompleted: boolean): void {
    let history = this.#tasks.get(task);
    if (history === undefined) {
      history = { completed: 0, ended: 0, slowShare: 0 };
      this.#tasks.set(task, history);
    }
    history.ended += 1;
    if (isCompleted) history.completed += 1;
    const weight = Math.max(1 / history.ended, leastWeight);
    history.slowShare += weight * ((handlerMs > fastMs ? 1 : 0) - history.slowShare);
  }
}

/** Whether a crash may be the job's own fault: it was tried before, or its task is new here. */
function isSuspect(
  { wasTried }: Pick<ClaimedJob, "wasTried">,
  history: TaskHistory | undefined,
): boolean {
  return wasTried || history === undefined || history.completed < knownAfter;
}
