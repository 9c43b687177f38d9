/** A row of the queue. */
export interface Job<Payload = unknown> {
  /** PostgreSQL's bigint, as a string. */
  readonly id: string;
  /** The task identifier. */
  readonly task: string;
  readonly payload: Payload;
  readonly queueName: string | null;
  /** Lower runs first. */
  readonly priority: number;
  readonly runAt: Date;
  /** How often the job was claimed. */
  readonly attempts: number;
  readonly maxAttempts: number;
  readonly lastError: string | null;
  readonly createdAt: Date;
  readonly updatedAt: Date;
  readonly key: string | null;
  readonly lockedAt: Date | null;
  /** The worker that holds the job. */
  readonly lockedBy: string | null;
  /** How often the job was replaced through its key. */
  readonly revision: number;
  readonly flags: readonly string[];
}

/** A job as queries select it: the names are {@link Job}'s, flags are as stored. */
export interface JobRow extends Omit<Job, "flags"> {
  /** An object whose keys are the flags, or null. */
  readonly flags: unknown;
}

export function toJob({ flags, ...row }: JobRow): Job {
  const names = typeof flags === "object" && flags !== null ? Object.keys(flags) : [];
  return { ...row, flags: names };
}
