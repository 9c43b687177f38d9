/** What a contender is told; each runs in a process of its own. */
export interface Assignment {
  readonly connectionString: string;
  readonly concurrency: number;
}

/** A contender that was started. */
export interface Running {
  stop(): Promise<void>;
}

/** Starts working at once and calls `onJob` in each handler. */
export type Contender = (
  assignment: Assignment,
  onJob: (payload: unknown) => void,
) => Promise<Running>;
