import type { LookAtJobsResult } from "../../generated/queries/worker.js";
import type { Executor } from "../database/executor.js";
import type { Queries } from "../database/queries.js";
import type { ClaimedJob } from "./claimed-job.js";

/** More in one statement gain nothing. */
const maxGroup = 500;

export interface CompletionLooksOptions {
  readonly queries: Queries;
  /** Not a transaction of a handler: it must see only what is committed. */
  readonly db: Executor;
  readonly workerId: string;
}

/** What the database knows of a job. */
export type Look = Omit<LookAtJobsResult, "id">;

interface Request {
  readonly job: ClaimedJob;
  readonly transactions: readonly string[];
  readonly answer: (look: Look | undefined) => void;
}

/**
 * Reads the rows of jobs that transactions of their handlers may have completed. Jobs that are requested
 * while a statement is under way share the next one.
 */
export class CompletionLooks {
  readonly #options: CompletionLooksOptions;
  #waiting: Request[] = [];
  #isLooking = false;

  constructor(options: CompletionLooksOptions) {
    this.#options = options;
  }

  /**
   * Looks at a job. Undefined when the database doesn't answer.
   * @param transactions The ids of the transactions that may have completed it.
   */
  look(job: ClaimedJob, transactions: Iterable<string>): Promise<Look | undefined> {
    return new Promise((answer) => {
      this.#waiting.push({ job, transactions: [...transactions], answer });
      if (!this.#isLooking) void this.#run();
    });
  }

  async #run(): Promise<void> {
    this.#isLooking = true;
    // Handlers that end in the same turn are looked at together.
    await new Promise((resolve) => setImmediate(resolve));
    while (this.#waiting.length > 0) await this.#lookOnce(this.#waiting.splice(0, maxGroup));
    this.#isLooking = false;
  }

  async #lookOnce(requests: readonly Request[]): Promise<void> {
    const { queries, db, workerId } = this.#options;
    const rows = await queries
      .lookAtJobs(db, {
        workerId,
        locks: requests.map(({ job }) => job.lockedAt),
        ids: requests.map(({ job }) => job.id),
        transactions: requests.map(({ transactions }) => transactions.join()),
      })
      .catch(() => []);
    const looks = new Map(rows.map((row) => [row.id, row]));
    for (const { job, answer } of requests) answer(looks.get(job.id));
  }
}
