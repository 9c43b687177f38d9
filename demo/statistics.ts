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

/** Counts what the worker's events and the producer say. */
export class Statistics {
  readonly tasks: ReadonlyMap<string, TaskStatistics>;
  readonly #retried = new Set<string>();
  readonly #started = new Set<string>();

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

  started(identifier: string, jobId: string, due: Date): void {
    if (this.#started.has(jobId)) return;
    this.#started.add(jobId);
    this.of(identifier).waitsMs.push(Math.max(0, Date.now() - due.getTime()));
  }

  retried(identifier: string, jobId: string): void {
    if (this.#retried.has(jobId)) return;
    this.#retried.add(jobId);
    this.of(identifier).retried++;
  }

  get settled(): number {
    return sum([...this.tasks.values()].map(({ completed, failed }) => completed + failed));
  }

  get enqueued(): number {
    return sum([...this.tasks.values()].map(({ enqueued }) => enqueued));
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
