import type { RetryTime } from "../tasks/retry.js";
import type { ClaimedJob } from "./claimed-job.js";

/** What became of a claimed job. */
export type Outcome =
  /** Skipped: a plugin completed it without its handler. */
  | { readonly kind: "completed"; readonly isSkipped?: boolean }
  /** With `items`, a JSON array as text, these take the place of the payload: a batch's others are done. */
  | {
      readonly kind: "failed";
      readonly error: Error;
      readonly items?: string;
      /** Undefined: after the usual back-off. */
      readonly retry?: RetryTime | undefined;
    }
  /** Given back, the attempt uncounted: it never started, or a shutdown interrupted it. */
  | { readonly kind: "returned"; readonly items?: string };

/** What became of a job that the worker has nothing to write about. */
export type Unwritten =
  /** The handler's own transaction completed it. */
  | { readonly kind: "committed" }
  /** Whether a transaction that is still open completes it wasn't waited for. */
  | { readonly kind: "unknown" };

/**
 * How a result is written: whole; plain, which is in ASCII; or bare, without the error's text and
 * without the items. The simpler forms are for results that the database has refused.
 */
export type Form = "whole" | "plain" | "bare";

/** A job on its way out of this worker. */
export interface Settlement {
  readonly job: ClaimedJob;
  readonly outcome: Outcome;
  /** Undefined: whole. */
  readonly form?: Form;
}

export const completed: Outcome = Object.freeze({ kind: "completed" });
export const skipped: Outcome = Object.freeze({ kind: "completed", isSkipped: true });
export const returned: Outcome = Object.freeze({ kind: "returned" });
