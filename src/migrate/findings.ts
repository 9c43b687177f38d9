/** The version of a function that doesn't carry our mark. */
export const notOurs = 0;

/** The catalogue and the ledger as they were read. */
export interface Findings {
  readonly exists: boolean;
  readonly relations: ReadonlySet<string>;
  /** Our version of each function; {@link notOurs} for a function without our mark. */
  readonly functions: ReadonlyMap<string, number>;
  /** `name type` of each column of the ledger; none when there is no ledger. */
  readonly ledgerColumns: readonly string[];
  readonly revisions: readonly { readonly revision: number; readonly breaking: boolean }[];
}

/** The newest of the revisions. */
export function newest(rows: readonly { readonly revision: number }[]): number | null {
  return rows.reduce<number | null>(
    (max, { revision }) => (max === null || revision > max ? revision : max),
    null,
  );
}
