import { types } from "node:util";
import { addBrand, hasBrand } from "../brand.js";
import { writeDueTime } from "../database/time.js";
import { TaskwrightError } from "../errors.js";
import { Rule } from "../option-rules.js";
import { checkOption, copyOptions } from "../options.js";
import { isValidDate, timeOf } from "../kinds.js";
import { readProperty } from "../thrown.js";

/**
 * When a failed job is tried again: so many milliseconds from now (by the database's clock), at a
 * time, or never, which makes this failure its last. In every case the attempt counts, and a job
 * without attempts left is not tried again.
 */
export type RetryTime = number | Date | "never";

/** When a {@link RetryAfterError} has its job tried again. */
export interface RetryAfterOptions extends ErrorOptions {
  /** Milliseconds from now, or a time, such as a service's `Retry-After` header says. */
  readonly after: number | Date;
}

const afterRule = new Rule<number | Date>(
  "a number of milliseconds from 0, or a valid Date",
  (value) => isTime(value),
);

/**
 * Thrown by a handler, it fails the attempt and says when the job is to be tried again, in place of
 * the usual back-off. When items of a batch throw it, the job waits for the latest of their times.
 */
export class RetryAfterError extends TaskwrightError {
  readonly retry: number | Date;

  static {
    addBrand(this.prototype, "RetryAfterError");
  }

  /** Whether a value is a RetryAfterError, of this copy of the package or of another. */
  static override is(value: unknown): value is RetryAfterError {
    return hasBrand(value, "RetryAfterError");
  }

  /** @throws TaskwrightError `OPTION_INVALID` when `after` is no time. */
  constructor(message: string, given: RetryAfterOptions) {
    const { after, ...options } = copyOptions("RetryAfterError", given);
    checkOption("RetryAfterError", "after", after, afterRule);
    super("JOB_RETRY_AFTER", message, { after }, options);
    this.retry = after;
  }
}

/**
 * Thrown by a handler, it fails the job for good: its row stays with the error, and its attempts are
 * set to their maximum. A job of a batch task fails for good when all of its failed items threw it.
 *
 * Source: graphile-worker's `permanently_fail_jobs`.
 */
export class NonRetriableError extends TaskwrightError {
  readonly retry = "never" as const;

  static {
    addBrand(this.prototype, "NonRetriableError");
  }

  /** Whether a value is a NonRetriableError, of this copy of the package or of another. */
  static override is(value: unknown): value is NonRetriableError {
    return hasBrand(value, "NonRetriableError");
  }

  constructor(message: string, options?: ErrorOptions) {
    super("JOB_NOT_RETRIABLE", message, {}, options);
  }
}

/** When an error says that its job is to be tried again; undefined: after the usual back-off. */
export function retryTimeOf(error: unknown): RetryTime | undefined {
  return TaskwrightError.is(error) ? toRetryTime(readProperty(error, "retry")) : undefined;
}

/** A copy of a retry's time, since a Date may be changed before it is written; undefined if it is none. */
export function toRetryTime(time: unknown): RetryTime | undefined {
  if (!isRetryTime(time)) return undefined;
  return types.isDate(time) ? new Date(timeOf(time)) : time;
}

/** Of several times, for one job: the latest, and never only if nobody wants another attempt. */
export function latestRetryTime(times: readonly (RetryTime | undefined)[]): RetryTime | undefined {
  const nowMs = Date.now();
  let latest: number | Date | undefined;
  for (const time of times) {
    if (time === undefined || time === "never") continue;
    if (latest === undefined || toMs(time, nowMs) > toMs(latest, nowMs)) latest = time;
  }
  return times.length > 0 && times.every((time) => time === "never") ? "never" : latest;
}

function toMs(time: number | Date, nowMs: number): number {
  return typeof time === "number" ? nowMs + time : timeOf(time);
}

/** Whether a job with this time is due at once. */
export function isDueNow(time: RetryTime | undefined): boolean {
  if (time === undefined || time === "never") return false;
  const nowMs = Date.now();
  return toMs(time, nowMs) <= nowMs;
}

/** The longest delay after which there is still a time in JavaScript, well within PostgreSQL's. */
const maxDelayMs = 8e15;

export function isRetryTime(time: unknown): time is RetryTime {
  return time === "never" || isTime(time);
}

function isTime(time: unknown): time is number | Date {
  if (types.isDate(time)) return isValidDate(time);
  return typeof time === "number" && time >= 0 && time <= maxDelayMs;
}

/** A retry's time as the database takes it: empty for the usual back-off (sql/migrations/17_settle_jobs.sql). */
export function toRetryText(time: RetryTime | undefined): string {
  if (time === undefined) return "";
  if (time === "never") return time;
  if (typeof time === "number") return toInterval(time);
  return writeDueTime(time);
}

/** PostgreSQL before 15 takes no more in one field of an interval. */
const maxSeconds = 2_147_483_647;

function toInterval(delayMs: number): string {
  if (delayMs <= maxSeconds * 1000) return `PT${(delayMs / 1000).toFixed(3)}S`;
  // A day of an interval may be an hour longer or shorter, which is no matter after 68 years.
  return `P${Math.floor(delayMs / dayMs)}DT${Math.floor((delayMs % dayMs) / 1000)}S`;
}

const dayMs = 86_400_000;
