import { addBrand, hasBrand } from "../brand.js";
import { TaskwrightError, toError } from "../errors.js";

/** What is known when a bulk ends early. */
export interface BulkOutcome {
  readonly added: number;
  readonly skipped: number;
  readonly inDoubt: number;
  readonly index: number | undefined;
}

/**
 * A bulk ended early; `cause` is the reason. Items go in in their order: but for those in doubt, the
 * first `added + skipped` of them are done with, and none of the others was added.
 */
export class BulkError extends TaskwrightError {
  /**
   * How many items were added. In a transaction of the bulk's own none was; in one of the caller's
   * they are gone with it.
   */
  readonly added: number;
  /** How many items plugins left out. */
  readonly skipped: number;
  /** How many more may have been added: the connection broke before the answer came. */
  readonly inDoubt: number;
  /** The item that was refused, counted from 0; undefined when no single one was. */
  readonly index: number | undefined;

  static {
    addBrand(this.prototype, "BulkError");
  }

  /** Whether a value is a BulkError, of this copy of the package or of another. */
  static override is(value: unknown): value is BulkError {
    return hasBrand(value, "BulkError");
  }

  constructor(task: string, { added, skipped, inDoubt, index }: BulkOutcome, cause: unknown) {
    const doubt = inDoubt === 0 ? "" : ` (and perhaps ${inDoubt} more)`;
    const item = index === undefined ? "" : ` Item ${index}:`;
    super(
      "BULK_FAILED",
      `Adding jobs of task ${task} in bulk ended after ${added}${doubt}.${item} ${toError(cause).message}`,
      { task, added, skipped, inDoubt, ...(index === undefined ? {} : { index }) },
      { cause },
    );
    this.added = added;
    this.skipped = skipped;
    this.inDoubt = inDoubt;
    this.index = index;
  }
}
