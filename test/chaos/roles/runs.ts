import { setTimeout as delay } from "node:timers/promises";
import type { Ledger } from "../ledger/ledger.js";
import type { Item, Payload } from "./tasks.js";

/** A job as a handler sees it, in our worker or in a peer's. */
export interface RunningJob {
  readonly id: string;
  readonly task: string;
  readonly queue: string | null;
  readonly key: string | null;
  readonly attempts: number;
  readonly maxAttempts: number;
  readonly lockedAt: Date | null;
}

/** What a handler throws when its payload tells it to. */
export class PlannedFailure extends Error {}

/** Writes the start and the end of each run of this process. */
export class Runs {
  readonly #ledger: Ledger;
  #count = 0;

  constructor(ledger: Ledger) {
    this.#ledger = ledger;
  }

  /** Runs a handler's work between the notes of its start and of its end. */
  async record(
    job: RunningJob,
    requests: readonly string[],
    work: (run: string) => Promise<readonly string[] | void>,
  ): Promise<void> {
    this.#count += 1;
    const run = `${process.pid}-${this.#count}`;
    this.#ledger.write({
      kind: "start",
      run,
      job: job.id,
      task: job.task,
      queue: job.queue,
      key: job.key,
      requests,
      attempt: job.attempts,
      maxAttempts: job.maxAttempts,
      claimedAt: job.lockedAt?.getTime() ?? 0,
    });
    try {
      const failedRequests = (await work(run)) ?? undefined;
      this.#ledger.write({ kind: "end", run, failed: false, failedRequests });
    } catch (error) {
      this.#ledger.write({ kind: "end", run, failed: true });
      throw error;
    }
  }

  /** The work of most tasks: takes its time, then fails as often as it was told to. */
  async perform(job: RunningJob, payload: Payload): Promise<void> {
    await this.record(job, [payload.request], () => work(job, payload));
  }

  /** The same for a batch, whose items fail one by one. Returns a result for each item. */
  async performBatch(job: RunningJob, items: readonly Item[]): Promise<Promise<void>[]> {
    const requests = items.map(({ request }) => request);
    const failed = items.filter(({ failures = 0 }) => job.attempts <= failures);
    await this.record(job, requests, async () => failed.map(({ request }) => request));
    return items.map((item) =>
      failed.includes(item) ? Promise.reject(new PlannedFailure(item.request)) : Promise.resolve(),
    );
  }
}

export async function work(job: RunningJob, { ms = 0, failures = 0 }: Payload): Promise<void> {
  if (ms > 0) await delay(ms);
  if (job.attempts <= failures) throw new PlannedFailure(`planned failure ${job.attempts}`);
}
