import { abortSignal, boolean, func, integer, type Rules } from "../option-rules.js";
import { checkOptions, type Checked } from "../options.js";

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

const maxChunkSize = 10_000;

/** Each option's rule and default. */
const rules = {
  chunkSize: integer(1, maxChunkSize).or(1000),
  transaction: boolean().or(false),
  onProgress: func<NonNullable<BulkOptions["onProgress"]>>(),
  signal: abortSignal(),
} satisfies Rules<BulkOptions>;

/** {@link BulkOptions} with every default filled in. */
export type ResolvedBulkOptions = Checked<typeof rules>;

/** @throws TaskwrightError `OPTION_UNKNOWN`, `OPTION_INVALID` */
export function resolveBulkOptions(owner: string, given: BulkOptions): ResolvedBulkOptions {
  return checkOptions(owner, given, rules);
}
