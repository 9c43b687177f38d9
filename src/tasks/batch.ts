import { addBrand, hasBrand } from "../brand.js";
import { TaskwrightError, toError } from "../errors.js";
import { isError } from "../kinds.js";
import { messageOf, readProperty } from "../thrown.js";
import type { JobContext } from "./context.js";
import { latestRetryTime, retryTimeOf, type RetryTime } from "./retry.js";

/**
 * What a batch task's handler says of its items: nothing, which means that all are done, or one
 * result for each item, in their order. A promise that rejects, an Error and a settled result that
 * says `rejected` (as `Promise.allSettled` gives them) are failures; anything else is done. Only the
 * items that failed are retried.
 *
 * Source: graphile-worker's batch jobs, which know the promises.
 */
export type BatchResult = void | readonly unknown[];

/**
 * Runs one job of a batch task. Promises for items have to be returned as soon as they are made:
 * JavaScript takes one that rejects before anybody looks at it for a fatal mistake.
 */
export type BatchHandler<Payload, App = undefined> = (
  payload: Payload,
  ctx: JobContext<App, Payload>,
) => BatchResult | Promise<BatchResult>;

/** Errors of so many items are spelt out in the job's error. */
const maxErrorsShown = 20;

/** Some items of a batch failed: the job is retried with these alone. */
export class BatchError extends TaskwrightError {
  /** Where the failed items stand in the payload, in ascending order. */
  readonly failed: readonly number[];
  /** What the items' errors say of their retry: the latest time, or never if all of them say so. */
  readonly retry: RetryTime | undefined;

  static {
    addBrand(this.prototype, "BatchError");
  }

  /** Whether a value is a BatchError, of this copy of the package or of another. */
  static override is(value: unknown): value is BatchError {
    return hasBrand(value, "BatchError");
  }

  constructor(task: string, count: number, failures: ReadonlyMap<number, unknown>) {
    const lines = [...failures].map(([index, reason]) => `item ${index}: ${messageOf(reason)}`);
    const hidden = lines.length - maxErrorsShown;
    const shown = lines.slice(0, maxErrorsShown).join("\n");
    super(
      "BATCH_ITEMS_FAILED",
      `${failures.size} of ${count} items of task ${task} failed.\n${shown}${hidden > 0 ? `\nand ${hidden} more` : ""}`,
      { task, items: count, failed: [...failures.keys()] },
      { cause: new AggregateError(Array.from(failures.values(), toError)) },
    );
    this.failed = [...failures.keys()];
    this.retry = latestRetryTime([...failures.values()].map(retryTimeOf));
  }
}

/**
 * Waits for the results of a batch's items.
 * @param count How many items the handler was given.
 * @throws BatchError `BATCH_ITEMS_FAILED`, TaskwrightError `BATCH_RESULT_INVALID`
 */
export async function checkBatchResult(
  task: string,
  count: number,
  result: unknown,
): Promise<void> {
  if (result === undefined) return;
  if (!Array.isArray(result)) {
    throw resultError(task, count, result === null ? "null" : `a value of type ${typeof result}`);
  }
  // Waited for even if there are too many of them: nobody else would hear of their rejections.
  const results = await Promise.allSettled(result as readonly unknown[]);
  if (results.length !== count) throw resultError(task, count, `${results.length} results`);
  const failures = new Map<number, unknown>();
  for (const [index, settled] of results.entries()) {
    const failure = failureOf(settled);
    if (failure !== undefined) failures.set(index, readProperty(failure, "reason"));
  }
  if (failures.size > 0) throw new BatchError(task, count, failures);
}

function failureOf(result: PromiseSettledResult<unknown>): { reason: unknown } | undefined {
  if (result.status === "rejected") return result;
  const { value } = result;
  if (isError(value)) return { reason: value };
  return isRejection(value) ? value : undefined;
}

/** A settled result; one that can't be read is none. */
function isRejection(value: unknown): value is PromiseRejectedResult {
  if (typeof value !== "object" || value === null) return false;
  try {
    return "status" in value && value.status === "rejected" && "reason" in value;
  } catch {
    return false;
  }
}

function resultError(task: string, count: number, given: string): TaskwrightError {
  return new TaskwrightError(
    "BATCH_RESULT_INVALID",
    `The handler of batch task ${task} must return nothing or one result for each of its ${count} items; it returned ${given}. The job is retried whole.`,
    { task, items: count, given },
  );
}
