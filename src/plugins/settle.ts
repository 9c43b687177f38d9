import { TaskwrightError } from "../errors.js";
import type { Job } from "../jobs/job.js";
import { isError } from "../kinds.js";
import { isRetryTime, type RetryTime } from "../tasks/retry.js";
import { compose, type Chain, type Interceptor } from "./compose.js";
import type { Plugin } from "./plugin.js";

/** What is about to be written down of a job that has run. */
export type SettleOutcome =
  | { readonly kind: "completed" }
  | {
      readonly kind: "failed";
      readonly error: Error;
      /** When the job is tried again. Default: what the error says, else after the usual back-off. */
      readonly retry?: RetryTime | undefined;
    };

/** A job that has run, and what is about to be written down of it. */
export interface SettleRequest {
  readonly job: Job;
  readonly outcome: SettleOutcome;
}

/**
 * Decides what becomes of a job that has run, before it is written: `next(outcome)` goes on with
 * another outcome and resolves to what the others made of it; what is returned is written. It can't be
 * vetoed: what has run has run. If an interceptor throws, the outcome stays as the run had it and
 * `plugin:error` is emitted.
 *
 * Jobs that are given back, and those that the handler completed in a transaction of its own, don't
 * come here.
 */
export type SettleInterceptor = Interceptor<SettleRequest, SettleOutcome, SettleOutcome>;

const expected = `{ kind: "completed" }, { kind: "failed", error, retry? } or nothing`;

export type SettleChain = Chain<SettleRequest, SettleOutcome>;

/** The settle interceptors of some plugins, as one. */
export function composeSettle(plugins: readonly Plugin[]): SettleChain | undefined {
  return compose<SettleRequest, SettleOutcome, SettleOutcome>(
    {
      step: "settle",
      change: ({ job }, outcome) => {
        if (isOutcome(outcome)) return { job, outcome };
        throw new TaskwrightError(
          "PLUGIN_INVALID",
          `A settle interceptor must give next ${expected}.`,
        );
      },
      accepts: isOutcome,
      expected,
    },
    plugins.flatMap(({ name, settle }) =>
      settle === undefined ? [] : [{ plugin: name, intercept: settle }],
    ),
  );
}

function isOutcome(result: unknown): result is SettleOutcome {
  if (typeof result !== "object" || result === null) return false;
  const { kind, error, retry }: { kind?: unknown; error?: unknown; retry?: unknown } = result;
  if (kind === "completed") return true;
  return kind === "failed" && isError(error) && (retry === undefined || isRetryTime(retry));
}
