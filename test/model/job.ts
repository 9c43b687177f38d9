/** A job as the model has it. Jobs are never changed in place: a change puts another in its place. */
export interface ModelJob {
  readonly id: number;
  readonly task: string;
  readonly queue: string | null;
  readonly payload: unknown;
  readonly priority: number;
  /** On the model's clock; `-Infinity` is long ago, `Infinity` is far away. */
  readonly runAt: number;
  readonly attempts: number;
  readonly maxAttempts: number;
  readonly key: string | null;
  readonly revision: number;
  readonly flags: readonly string[];
  readonly lastError: string | null;
  readonly lock: Lock | null;
}

/** One claim's hold on one job. */
export interface Lock {
  /** Tells a later claim of the same job by the same worker from this one. */
  readonly claim: number;
  readonly worker: string;
  /** Whether the job takes one of its task's places in the fleet. */
  readonly hasSlot: boolean;
  /** How the job lost its key meanwhile. It doesn't run again then, unless it is revived by hand. */
  readonly retired?: "replaced" | "removed";
}

/** What a caller asks for; what is left out has its default. */
export interface ModelSpec {
  readonly task: string;
  readonly payload: unknown;
  readonly queue?: string | undefined;
  readonly runAt?: "past" | "future" | undefined;
  readonly priority?: number | undefined;
  readonly maxAttempts?: number | undefined;
  readonly key?: string | undefined;
  readonly mode?: "replace" | "preserve_run_at" | "unsafe_dedupe" | undefined;
  readonly flags?: readonly string[] | undefined;
}

export type ModelOutcome =
  | { readonly kind: "completed" }
  | { readonly kind: "returned" }
  | {
      readonly kind: "failed";
      readonly message: string;
      /** Undefined: after a while. */
      readonly retry?: "never" | "now" | undefined;
    };

export function isAvailable({ lock, attempts, maxAttempts }: ModelJob): boolean {
  return lock === null && attempts < maxAttempts;
}

/** Lower priority first, then the earlier time, then the earlier job. */
export function compareJobs(a: ModelJob, b: ModelJob): number {
  if (a.priority !== b.priority) return a.priority - b.priority;
  if (a.runAt !== b.runAt) return a.runAt < b.runAt ? -1 : 1;
  return a.id - b.id;
}

export function toTime(runAt: ModelSpec["runAt"], now: number): number {
  if (runAt === undefined) return now;
  return runAt === "past" ? -Infinity : Infinity;
}

/** A job that waits, changed by another request for its key. */
export function replaceWaiting(job: ModelJob, spec: ModelSpec, now: number): ModelJob {
  const keepsTime = spec.mode === "preserve_run_at" && job.attempts === 0;
  return {
    ...newJob(job.id, spec, now),
    payload: areLists(job.payload, spec.payload)
      ? [...(job.payload as unknown[]), ...(spec.payload as unknown[])]
      : spec.payload,
    runAt: keepsTime ? job.runAt : toTime(spec.runAt, now),
    revision: job.revision + 1,
  };
}

function areLists(...payloads: readonly unknown[]): boolean {
  return payloads.every((payload) => Array.isArray(payload));
}

/**
 * A job that runs, or has failed for good, whose key is asked for by another request. The new job does
 * its work; but not the items of a running batch, which keeps its retries.
 */
export function replaceRunning(job: ModelJob, spec: ModelSpec): ModelJob {
  if (job.lock === null || !areLists(job.payload, spec.payload)) return retire(job, "replaced");
  return { ...job, key: null, revision: job.revision + 1 };
}

export function newJob(id: number, spec: ModelSpec, now: number): ModelJob {
  return {
    id,
    task: spec.task,
    queue: spec.queue ?? null,
    payload: spec.payload,
    priority: spec.priority ?? 0,
    runAt: toTime(spec.runAt, now),
    attempts: 0,
    maxAttempts: spec.maxAttempts ?? 25,
    key: spec.key ?? null,
    revision: 0,
    flags: [...new Set(spec.flags)].toSorted(),
    lastError: null,
    lock: null,
  };
}

/** A job whose key was taken away while it ran, or after it had failed for good: it runs no more. */
export function retire(job: ModelJob, how: "replaced" | "removed"): ModelJob {
  return {
    ...job,
    key: null,
    attempts: job.maxAttempts,
    revision: how === "replaced" ? job.revision + 1 : job.revision,
    lock: job.lock === null ? null : { ...job.lock, retired: how },
  };
}

/** A job that its holder didn't run to its end: the attempt isn't counted. */
export function giveBack(job: ModelJob): ModelJob {
  const attempts = job.lock?.retired === undefined ? job.attempts - 1 : job.attempts;
  return { ...job, attempts: Math.max(0, attempts), lock: null };
}

/** Undefined: a completed job is deleted. */
export function settle(job: ModelJob, outcome: ModelOutcome, now: number): ModelJob | undefined {
  if (outcome.kind === "completed") return undefined;
  if (outcome.kind === "returned") return giveBack(job);
  const failed = { ...job, lastError: outcome.message, lock: null };
  if (outcome.retry === "never") {
    return { ...failed, attempts: Math.max(job.attempts, job.maxAttempts) };
  }
  return { ...failed, runAt: outcome.retry === "now" ? now : Infinity };
}
