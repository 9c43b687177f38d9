import type { Pool } from "pg";
import * as manage from "../../src/manage/index.js";
import type { ModelJob } from "./job.js";
import type { Model } from "./model.js";
import { times, type Step } from "./steps.js";

type Change = Extract<Step, { kind: "complete" | "retry" | "runNow" | "fail" | "reschedule" }>;

/** What an operator does to jobs by their ids, in the database and in the model. */
export async function changeByHand(pool: Pool, model: Model, step: Change): Promise<void> {
  const { jobs } = model;
  const places = distinct(
    step.nths.map((nth) => ({ nth })),
    jobs.length,
  );
  const ids = places.flatMap(({ nth }) => jobs[nth]?.id ?? []);
  // A statement about what the open transaction has locked would wait for its end.
  if (ids.length === 0 || ids.some((id) => model.isTouched(id))) return;
  await inDatabase(pool, step, ids.map(String));
  model.change(ids, (job, now) => changed(step, job, now));
}

function inDatabase(pool: Pool, step: Change, ids: readonly string[]): Promise<unknown> {
  switch (step.kind) {
    case "complete":
      return manage.completeJobs(pool, ids);
    case "fail":
      return manage.permanentlyFailJobs(pool, ids, step.reason);
    case "retry":
      return manage.retryJobs(pool, ids);
    case "runNow":
      return manage.runJobsNow(pool, ids);
    case "reschedule": {
      const { runAt, priority, attempts, maxAttempts } = step;
      return manage.rescheduleJobs(pool, ids, {
        ...(runAt === undefined ? {} : { runAt: times[runAt] }),
        ...(priority === undefined ? {} : { priority }),
        ...(attempts === undefined ? {} : { attempts }),
        ...(maxAttempts === undefined ? {} : { maxAttempts }),
      });
    }
  }
}

function changed(step: Change, job: ModelJob, now: number): ModelJob | undefined {
  const hasFailed = job.attempts >= job.maxAttempts;
  switch (step.kind) {
    case "complete":
      return undefined;
    case "fail":
      return { ...job, lastError: step.reason, attempts: job.maxAttempts };
    case "retry":
      if (hasFailed) return { ...job, attempts: 0, runAt: now };
      return job.attempts > 0 && job.runAt > now ? { ...job, runAt: now } : job;
    case "runNow":
      return hasFailed ? job : { ...job, runAt: Math.min(job.runAt, now) };
    case "reschedule": {
      const { runAt, priority, attempts, maxAttempts } = step;
      return {
        ...job,
        runAt: runAt === undefined ? job.runAt : runAt === "past" ? -Infinity : Infinity,
        priority: priority ?? job.priority,
        attempts: attempts ?? job.attempts,
        maxAttempts: maxAttempts ?? job.maxAttempts,
      };
    }
  }
}

/** Choices among so many, each of which is made once. */
export function distinct<T extends { readonly nth: number }>(
  choices: readonly T[],
  among: number,
): T[] {
  const places = new Map(choices.map((choice) => [choice.nth % among, choice]));
  return [...places].map(([nth, choice]) => ({ ...choice, nth }));
}
