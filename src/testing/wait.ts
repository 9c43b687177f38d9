import { setTimeout as sleep } from "node:timers/promises";
import type { Executor } from "../database/executor.js";
import { isTransient } from "../database/failure.js";
import { TaskwrightError } from "../errors.js";
import type { WorkerEvents } from "../events.js";
import type { Job } from "../jobs/job.js";
import { getJob } from "../manage/get-job.js";
import { listJobs } from "../manage/list-jobs.js";
import type { StoredJob } from "../jobs/stored-job.js";
import { maxTimerMs, refuseOption, refuseUnknownOptions } from "../options.js";

/** How a job can end: completed, or failed with no attempt left. */
export type JobEnd = "completed" | "failed";

/** What end of a job is waited for, and how long. */
export interface WaitOptions {
  /** Which end to wait for; the other one rejects. Default `completed`; `either` takes both. */
  readonly until?: JobEnd | "either";
  /** Milliseconds to wait at most. Default 4000, which is less than test runners wait. */
  readonly timeoutMs?: number;
}

/** How {@link waitForJob} waits, and where. */
export interface WaitForJobOptions extends WaitOptions {
  /** Unquoted name of the schema. Default `graphile_worker`. */
  readonly schema?: string;
}

/** How a job ended; a completed one is gone, a failed one stays. */
export interface EndedJob {
  readonly end: JobEnd;
  readonly job: StoredJob | undefined;
}

const defaultTimeoutMs = 4000;
const firstPauseMs = 10;
const longestPauseMs = 200;

/**
 * Waits until a job has ended, whichever worker runs it, by looking at the database. A job that isn't
 * there counts as completed: give it the job that the `add…` helper returned, or its id. By its key it
 * finds a job that is there yet.
 * @throws TaskwrightError `WAIT_TIMEOUT`, with the job's state; `WAIT_FAILED` when the job ended the
 * other way, or no job has the key; `OPTION_UNKNOWN`, `OPTION_INVALID`, `SCHEMA_MISSING`
 */
export async function waitForJob(
  db: Executor,
  which: string | { readonly id: string } | { readonly key: string },
  options: WaitForJobOptions = {},
): Promise<EndedJob> {
  refuseUnknownOptions("waitForJob", options, ["until", "timeoutMs", "schema"]);
  const { schema, until = "completed" } = options;
  const timeoutMs = checkWait("waitForJob", options);
  const deadlineMs = performance.now() + timeoutMs;
  const where = schema === undefined ? {} : { schema };
  const id = typeof which === "string" ? which : await findId(db, which, where);
  let pauseMs = firstPauseMs;
  for (;;) {
    const job = await unlessTransient(getJob(db, id, where));
    if (job === undefined) return checkEnd(id, { end: "completed", job }, until);
    if (job !== "unknown" && job.state === "failed") {
      return checkEnd(id, { end: "failed", job }, until);
    }
    if (performance.now() + pauseMs > deadlineMs) throw timeoutError(id, job, timeoutMs);
    await sleep(pauseMs);
    pauseMs = Math.min(pauseMs * 2, longestPauseMs);
  }
}

async function findId(
  db: Executor,
  which: { readonly id: string } | { readonly key: string },
  where: { readonly schema?: string },
): Promise<string> {
  if ("id" in which) return which.id;
  const { jobs } = await listJobs(db, { ...where, key: which.key });
  const job = jobs[0];
  if (job !== undefined) return job.id;
  throw new TaskwrightError(
    "WAIT_FAILED",
    `No job has the key "${which.key}": it has ended already, or was never added. Wait for the job that the add helper returned.`,
    { key: which.key },
  );
}

/** Which job of a worker to wait for; what isn't given may be any. */
export interface NextJob {
  /** The task, or its identifier. */
  readonly task?: string | { readonly identifier: string };
  readonly id?: string;
  readonly key?: string;
}

/**
 * Waits for the next job, of those that are meant, that a worker is done with: its result is in the
 * database then. Call it before the job is added, and await it after, so that no end is missed.
 * @throws TaskwrightError `WAIT_TIMEOUT`; `WAIT_FAILED` when the job ended the other way;
 * `OPTION_UNKNOWN`, `OPTION_INVALID`
 */
export function nextJob(
  worker: { readonly events: Pick<WorkerEvents, "on"> },
  which: NextJob = {},
  options: WaitOptions = {},
): Promise<{ readonly end: JobEnd; readonly job: Job }> {
  refuseUnknownOptions("nextJob", which, ["task", "id", "key"]);
  refuseUnknownOptions("nextJob", options, ["until", "timeoutMs"]);
  const timeoutMs = checkWait("nextJob", options);
  const { until = "completed" } = options;
  const result = new Promise<{ readonly end: JobEnd; readonly job: Job }>((resolve, reject) => {
    const failed = new Set<string>();
    const timer = setTimeout(
      () => end(() => reject(nextTimeoutError(which, timeoutMs))),
      timeoutMs,
    );
    const removeFailed = worker.events.on("job:failed", ({ job }) => failed.add(job.id));
    const removeComplete = worker.events.on("job:complete", ({ job, error }) => {
      const hasEnded = error === undefined || failed.has(job.id);
      if (!hasEnded || !isMeant(job, which)) return;
      const ended = { end: error === undefined ? "completed" : "failed", job } as const;
      end(() => {
        if (until === "either" || until === ended.end) resolve(ended);
        else reject(endError(job.id, ended.end, error?.message));
      });
    });
    const end = (settle: () => void) => {
      clearTimeout(timer);
      removeFailed();
      removeComplete();
      settle();
    };
  });
  // Awaited only later, it may reject before anybody listens.
  result.catch(() => {});
  return result;
}

function isMeant(job: Job, { task, id, key }: NextJob): boolean {
  const identifier = typeof task === "string" ? task : task?.identifier;
  return (
    (identifier === undefined || job.task === identifier) &&
    (id === undefined || job.id === id) &&
    (key === undefined || job.key === key)
  );
}

function checkWait(owner: string, { until, timeoutMs = defaultTimeoutMs }: WaitOptions): number {
  if (until !== undefined && !["completed", "failed", "either"].includes(until)) {
    refuseOption(owner, "until", `"completed", "failed" or "either"`);
  }
  if (!(timeoutMs >= 0 && timeoutMs <= maxTimerMs)) {
    refuseOption(owner, "timeoutMs", "a number of milliseconds from 0");
  }
  return timeoutMs;
}

/** The database may be restarting, as a part of the test. */
async function unlessTransient<T>(answer: Promise<T>): Promise<T | "unknown"> {
  try {
    return await answer;
  } catch (error) {
    if (isTransient(error)) return "unknown";
    throw error;
  }
}

function checkEnd(id: string, ended: EndedJob, until: JobEnd | "either"): EndedJob {
  if (until === "either" || until === ended.end) return ended;
  throw endError(id, ended.end, ended.job?.lastError ?? undefined);
}

function endError(id: string, end: JobEnd, lastError: string | undefined): TaskwrightError {
  const message =
    end === "completed"
      ? `Job ${id} was to fail and was completed.`
      : `Job ${id} failed and is not tried again: ${lastError}`;
  return new TaskwrightError("WAIT_FAILED", message, { jobId: id, end, lastError });
}

function timeoutError(id: string, job: StoredJob | "unknown", timeoutMs: number): TaskwrightError {
  const details = { jobId: id, timeoutMs };
  const begin = `Job ${id} had not ended after ${timeoutMs} ms:`;
  if (job === "unknown") {
    return new TaskwrightError("WAIT_TIMEOUT", `${begin} the database can't be reached.`, details);
  }
  const { state, attempts, lastError } = job;
  const said = lastError === null ? "" : `, last error: ${lastError}`;
  return new TaskwrightError(
    "WAIT_TIMEOUT",
    `${begin} it is ${state} (attempts: ${attempts}${said}).`,
    { ...details, state, attempts },
  );
}

function nextTimeoutError({ task, id, key }: NextJob, timeoutMs: number): TaskwrightError {
  const identifier = typeof task === "string" ? task : task?.identifier;
  return new TaskwrightError("WAIT_TIMEOUT", `No such job had ended after ${timeoutMs} ms.`, {
    task: identifier,
    jobId: id,
    key,
    timeoutMs,
  });
}
