import { setTimeout as sleep } from "node:timers/promises";
import type { Executor } from "../database/executor.js";
import { isTransient } from "../database/failure.js";
import { TaskwrightError } from "../errors.js";
import type { WorkerEvents } from "../events.js";
import type { Job } from "../jobs/job.js";
import { getJob } from "../manage/get-job.js";
import { listJobs } from "../manage/list-jobs.js";
import type { StoredJob } from "../jobs/stored-job.js";
import { idRule } from "../manage/options.js";
import {
  isRecord,
  milliseconds,
  name,
  oneOf,
  Rule,
  schemaName,
  type Rules,
} from "../option-rules.js";
import { checkOption, checkOptions, refuseOption } from "../options.js";

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

/** Each option's rule and default. */
const waitRules = {
  until: oneOf("completed", "failed", "either").or("completed"),
  timeoutMs: milliseconds().or(4000),
} satisfies Rules<WaitOptions>;
const waitForJobRules = { ...waitRules, schema: schemaName() } satisfies Rules<WaitForJobOptions>;

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
  const { schema, until, timeoutMs } = checkOptions("waitForJob", options, waitForJobRules);
  const deadlineMs = performance.now() + timeoutMs;
  const where = schema === undefined ? {} : { schema };
  const id = await findId(db, which, where);
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
  given: unknown,
  where: { readonly schema?: string },
): Promise<string> {
  const which = typeof given === "string" ? { id: given } : given;
  const isJob = isRecord(which) && ("id" in which || "key" in which);
  // A key that is undefined by mistake would find any job.
  if (!isJob) refuseOption("waitForJob", "which", "a job, its id, { id } or { key }");
  if ("id" in which) {
    checkOption("waitForJob", "id", which["id"], idRule);
    return which["id"];
  }
  const key: unknown = which["key"];
  checkOption("waitForJob", "key", key, name());
  const { jobs } = await listJobs(db, { ...where, key });
  const job = jobs[0];
  if (job !== undefined) return job.id;
  throw new TaskwrightError(
    "WAIT_FAILED",
    `No job has the key "${key}": it has ended already, or was never added. Wait for the job that the add helper returned.`,
    { key },
  );
}

/** Which job of a worker to wait for; what is left out may be any. Undefined is refused. */
export interface NextJob {
  /** The task, or its identifier. */
  readonly task?: string | { readonly identifier: string };
  readonly id?: string;
  readonly key?: string;
}

const nextJobRules = {
  task: new Rule<string | { readonly identifier: string }>("a task or its identifier", (value) =>
    name().accepts(isRecord(value) ? value["identifier"] : value),
  ),
  id: idRule,
  key: name(),
} satisfies Rules<NextJob>;

/**
 * Waits for the next job, of those that are meant, that a worker is done with: its result is in the
 * database then. Call it before the job is added, and await it after, so that no end is missed.
 * @throws TaskwrightError `WAIT_TIMEOUT`; `WAIT_FAILED` when the job ended the other way;
 * `OPTION_UNKNOWN`, `OPTION_INVALID`
 */
export function nextJob(
  worker: { readonly events: Pick<WorkerEvents, "on"> },
  given: NextJob = {},
  options: WaitOptions = {},
): Promise<{ readonly end: JobEnd; readonly job: Job }> {
  if (typeof worker?.events?.on !== "function") refuseOption("nextJob", "worker", "a worker");
  const which = readNextJob(given);
  const { until, timeoutMs } = checkOptions("nextJob", options, waitRules);
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

/** One that is undefined by mistake would match any job. */
function readNextJob(given: NextJob): NextJob {
  const which = checkOptions("nextJob", given, nextJobRules);
  const names = Object.keys(given) as (keyof NextJob)[];
  for (const each of names) {
    if (which[each] !== undefined) continue;
    refuseOption("nextJob", each, `${nextJobRules[each].expected}; undefined would match any`);
  }
  return Object.fromEntries(names.map((each) => [each, which[each]]));
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
