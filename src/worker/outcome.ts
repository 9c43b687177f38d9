import type { RetryTime } from "../tasks/retry.js";
import type { ClaimedJob } from "./claimed-job.js";

/** What became of a claimed job. */
export type Outcome =
  /** Skipped: a plugin completed it without its handler. */
  | { readonly kind: "completed"; readonly isSkipped?: boolean }
  /** With `items`, these take the place of the payload: a batch's others are done. */
  | {
      readonly kind: "failed";
      readonly error: Error;
      readonly items?: readonly unknown[];
      /** Undefined: after the usual back-off. */
      readonly retry?: RetryTime | undefined;
    }
  /** Given back, the attempt uncounted: it never started, or a shutdown interrupted it. */
  | { readonly kind: "returned"; readonly items?: readonly unknown[] };

/** What became of a job that the worker has nothing to write about. */
export type Unwritten =
  /** The handler's own transaction completed it. */
  | { readonly kind: "committed" }
  /** Whether a transaction that is still open completes it wasn't waited for. */
  | { readonly kind: "unknown" };

/** A job on its way out of this worker. */
export interface Settlement {
  readonly job: ClaimedJob;
  readonly outcome: Outcome;
}

export const completed: Outcome = Object.freeze({ kind: "completed" });
export const skipped: Outcome = Object.freeze({ kind: "completed", isSkipped: true });
export const returned: Outcome = Object.freeze({ kind: "returned" });

/** Long enough for any message that a person reads; some libraries put whole documents into theirs. */
const maxMessageLength = 10_000;

/** An error's message as `last_error` can hold it: PostgreSQL's text has no NUL and no half characters. */
export function toErrorMessage(error: Error): string {
  const message = error.message === "" ? error.name : error.message;
  const text = message.slice(0, maxMessageLength).replaceAll("\0", "\u{FFFD}");
  return Buffer.from(text).toString();
}
