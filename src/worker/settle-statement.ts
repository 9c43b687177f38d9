import type { Executor } from "../database/executor.js";
import type { Queries } from "../database/queries.js";
import { toRetryText } from "../tasks/retry.js";
import { toAscii, toErrorText } from "./error-text.js";
import type { Outcome, Settlement } from "./outcome.js";

/** Stands for the text of an error that the database can't hold. */
const unwritableText = "The error's text can't be stored in this database.";

export interface SettleStatementOptions {
  readonly queries: Queries;
  readonly db: Executor;
  readonly workerId: string;
}

/** Writes results in one statement. Returns the ids of jobs that were not the worker's any more. */
export async function writeSettlements(
  settlements: readonly Settlement[],
  { queries, db, workerId }: SettleStatementOptions,
): Promise<ReadonlySet<string>> {
  const locks = new Set<string>();
  const completedIds: string[] = [];
  const returnedIds: string[] = [];
  const failedIds: string[] = [];
  const returnedPayloads: string[] = [];
  const failedMessages: string[] = [];
  const failedPayloads: string[] = [];
  const failedRetries: string[] = [];
  for (const settlement of settlements) {
    const { job, outcome } = settlement;
    if (job.isLost) continue;
    locks.add(job.lockedAt);
    if (outcome.kind === "completed") completedIds.push(job.id);
    else if (outcome.kind === "returned") {
      returnedIds.push(job.id);
      returnedPayloads.push(payloadOf(settlement));
    } else {
      failedIds.push(job.id);
      failedMessages.push(textOf(outcome, settlement.form));
      failedPayloads.push(payloadOf(settlement));
      failedRetries.push(retryOf(outcome, settlement.form));
    }
  }
  const lost = await queries.settleJobs(db, {
    workerId,
    locks: [...locks],
    completedIds,
    failedIds,
    failedMessages,
    failedPayloads,
    failedRetries,
    returnedIds,
    returnedPayloads,
  });
  return new Set(lost.map(({ id }) => id));
}

type Failed = Extract<Outcome, { readonly kind: "failed" }>;

function textOf({ error }: Failed, form: Settlement["form"]): string {
  if (form === "bare") return unwritableText;
  const text = toErrorText(error);
  return form === "plain" ? toAscii(text) : text;
}

/** A time may be what was refused. */
function retryOf({ retry }: Failed, form: Settlement["form"]): string {
  return form === "bare" && retry !== "never" ? "" : toRetryText(retry);
}

/** The empty text keeps the payload as it is. */
function payloadOf({ outcome, form }: Settlement): string {
  if (outcome.kind === "completed" || outcome.items === undefined || form === "bare") return "";
  return form === "plain" ? toAscii(outcome.items) : outcome.items;
}
