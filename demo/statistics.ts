import type { Job, Worker } from "taskwright";

/** What is known of one task's jobs. */
export interface TaskStatistics {
  /** Distinct jobs; a keyed request that replaced a waiting job adds none. */
  enqueued: number;
  completed: number;
  /** Jobs that failed at least once and were given another attempt. */
  retried: number;
  /** Jobs that used up their attempts. */
  failed: number;
  /** Milliseconds from when a job was due to its first start. */
  readonly waitsMs: number[];
}

/** Counts what the producer adds and what the worker's events tell. */
export class Statistics {
  readonly tasks: ReadonlyMap<string, TaskStatistics>;
  /** Called after each job that is done with. */
  onSettled = () => {};
  readonly #retried = new Set<string>();

  constructor(identifiers: readonly string[]) {
    this.tasks = new Map(
      identifiers.map((identifier) => [
        identifier,
        { enqueued: 0, completed: 0, retried: 0, failed: 0, waitsMs: [] },
      ]),
    );
  }

  of(identifier: string): TaskStatistics {
    const statistics = this.tasks.get(identifier);
    if (statistics === undefined) throw new Error(`No task ${identifier} in this demo.`);
    return statistics;
  }

  listenTo({ events }: Pick<Worker, "events">): void {
    events.on("job:start", ({ job }) => {
      if (job.attempts > 1) return;
      const dueAt = Math.max(job.runAt.getTime(), job.createdAt.getTime());
      this.of(job.task).waitsMs.push(Math.max(0, Date.now() - dueAt));
    });
    events.on("job:complete", ({ job, error }) => {
      if (error === undefined) this.of(job.task).completed++;
      else if (job.attempts >= job.maxAttempts) this.of(job.task).failed++;
      else this.#addRetry(job);
      this.onSettled();
    });
  }

  get settled(): number {
    return sum([...this.tasks.values()].map(({ completed, failed }) => completed + failed));
  }

  get enqueued(): number {
    return sum([...this.tasks.values()].map(({ enqueued }) => enqueued));
  }

  #addRetry({ id, task }: Job): void {
    if (this.#retried.has(id)) return;
    this.#retried.add(id);
    this.of(task).retried++;
  }
}

/** The nearest-rank percentile; `undefined` without a value. */
export function percentile(values: readonly number[], rank: number): number | undefined {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.max(0, Math.ceil((rank / 100) * sorted.length) - 1)];
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}
