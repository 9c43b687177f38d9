/**
 * What happens when a job with the same key already waits.
 * Source: graphile-worker, "job key modes".
 */
export type JobKeyMode = "replace" | "preserve_run_at" | "unsafe_dedupe";

/** How one job is queued. The names are graphile-worker's. */
export interface TaskSpec {
  /** Not before this time. Default: now. */
  readonly runAt?: Date;
  /** Lower runs first. Default 0; -32768 to 32767. */
  readonly priority?: number;
  /** Jobs of one queue run one at a time, across all workers. At most 128 characters. */
  readonly queueName?: string;
  /** How often the job may be attempted in all. Default 25; 1 to 32767. */
  readonly maxAttempts?: number;
  /** At most one waiting job has this key. At most 512 characters. */
  readonly jobKey?: string;
  /** Default `replace`. */
  readonly jobKeyMode?: JobKeyMode;
  /** Workers may be told to leave jobs with certain flags alone. */
  readonly flags?: readonly string[];
}
