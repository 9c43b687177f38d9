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
