import { toError } from "../errors.js";
import type { WorkerEvents } from "../events.js";
import type { SettleChain } from "../plugins/settle.js";
import type { Patience } from "../services/patience.js";
import { retryTimeOf, toRetryTime } from "../tasks/retry.js";
import type { ClaimedJob } from "./claimed-job.js";
import { completed, type Outcome } from "./outcome.js";

export interface DecideOptions {
  readonly chain: SettleChain;
  readonly events: WorkerEvents;
  /** Ends the wait for the plugins. */
  readonly patience: Patience;
}

type Decidable = Extract<Outcome, { readonly kind: "completed" | "failed" }>;

/**
 * Asks the plugins what to write down of a job that has run. Their failure, or their taking longer
 * than a shutdown waits, leaves the outcome as it is: the handler's work is done, well or badly.
 */
export async function decide(
  job: ClaimedJob,
  outcome: Decidable,
  { chain, events, patience }: DecideOptions,
): Promise<Outcome> {
  const asked = ask(job, outcome, chain).catch((thrown: unknown) => {
    const error = toError(thrown);
    events.emit("plugin:error", () => ({ job: job.job, error }));
    return outcome;
  });
  return patience.wait(asked, () => outcome);
}

async function ask(job: ClaimedJob, outcome: Decidable, chain: SettleChain): Promise<Outcome> {
  const given =
    outcome.kind === "failed"
      ? { kind: outcome.kind, error: outcome.error, retry: outcome.retry }
      : { kind: outcome.kind };
  const decided = await chain({ job: job.job, outcome: given }, async (last) => last.outcome);
  // What else the run found out about itself stays: that it was skipped, or which items are done.
  if (decided.kind === "completed") return outcome.kind === "completed" ? outcome : completed;
  const retry =
    decided.retry === undefined ? retryTimeOf(decided.error) : toRetryTime(decided.retry);
  const error = toError(decided.error);
  return outcome.kind === "failed"
    ? { ...outcome, error, retry }
    : { kind: "failed", error, retry };
}
