import type { Job } from "../jobs/job.js";
import { compose, type Chain, type Interceptor } from "./compose.js";
import type { Plugin } from "./plugin.js";

/** What is about to be written down of a job that has run. */
export type SettleOutcome =
  | { readonly kind: "completed" }
  | {
      readonly kind: "failed";
      readonly error: Error;
    };

export interface SettleRequest {
  readonly job: Job;
  readonly outcome: SettleOutcome;
}

/**
 * Decides what becomes of a job that has run, before it is written: `next(outcome)` goes on with
 * another outcome and resolves to what the others made of it; what is returned is written. It can't be
 * vetoed: what has run has run. If an interceptor throws, the outcome stays as the run had it and
 * `plugin:error` tells.
 *
 * Jobs that are given back, and those that the handler completed in a transaction of its own, don't
 * come here.
 */
export type SettleInterceptor = Interceptor<SettleRequest, SettleOutcome, SettleOutcome>;

export type SettleChain = Chain<SettleRequest, SettleOutcome>;

/** The settle interceptors of some plugins, as one. */
export function composeSettle(plugins: readonly Plugin[]): SettleChain | undefined {
  return compose<SettleRequest, SettleOutcome, SettleOutcome>(
    {
      step: "settle",
      change: ({ job }, outcome) => ({ job, outcome }),
      accepts: isOutcome,
      expected: `{ kind: "completed" }, { kind: "failed", error: Error } or nothing`,
    },
    plugins.flatMap(({ name, settle }) =>
      settle === undefined ? [] : [{ plugin: name, intercept: settle }],
    ),
  );
}

function isOutcome(result: unknown): result is SettleOutcome {
  if (typeof result !== "object" || result === null) return false;
  const { kind, error } = result as { readonly kind?: unknown; readonly error?: unknown };
  return kind === "completed" || (kind === "failed" && error instanceof Error);
}
