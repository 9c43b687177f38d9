import { refuseOption, refuseUnknownOptions } from "../options.js";

/** How to add a great many jobs. */
export interface BulkOptions {
  /** How many jobs are added in a statement. Default 1000; 1 to 10,000. */
  readonly chunkSize?: number;
  /**
   * Whether to add all in one transaction: all of them or none. The executor must be a pool of `pg`,
   * or inside of a transaction, which then stays its owner's. Default false: each chunk commits by
   * itself.
   */
  readonly transaction?: boolean;
  /** Called after each chunk, and waited for if it returns a promise. */
  readonly onProgress?: (progress: BulkProgress) => void | Promise<void>;
  /** Stops before the next chunk. */
  readonly signal?: AbortSignal;
}

/** How far a bulk has come. */
export interface BulkProgress {
  /** How many items were added. Items that share a job key share a job. */
  readonly added: number;
  /** How many items a client's plugins left out. */
  readonly skipped: number;
}

export type ResolvedBulkOptions = BulkOptions &
  Required<Pick<BulkOptions, "chunkSize" | "transaction">>;

const defaults = { chunkSize: 1000, transaction: false } as const;
const known = [...Object.keys(defaults), "onProgress", "signal"];
const maxChunkSize = 10_000;

/** @throws TaskwrightError `OPTION_UNKNOWN`, `OPTION_INVALID` */
export function resolveBulkOptions(owner: string, given: BulkOptions): ResolvedBulkOptions {
  refuseUnknownOptions(owner, given, known);
  const { chunkSize = defaults.chunkSize, transaction = defaults.transaction } = given;
  const { onProgress, signal } = given;
  if (!Number.isInteger(chunkSize) || chunkSize < 1 || chunkSize > maxChunkSize) {
    refuseOption(owner, "chunkSize", `an integer from 1 to ${maxChunkSize}`);
  }
  if (typeof transaction !== "boolean") refuseOption(owner, "transaction", "true or false");
  if (onProgress !== undefined && typeof onProgress !== "function") {
    refuseOption(owner, "onProgress", "a function");
  }
  if (signal !== undefined && !(signal instanceof AbortSignal)) {
    refuseOption(owner, "signal", "an AbortSignal");
  }
  return Object.freeze({ ...given, chunkSize, transaction });
}
