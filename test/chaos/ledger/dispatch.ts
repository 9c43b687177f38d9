import type { StoredEntry } from "./records.js";

type Kind = StoredEntry["kind"];

/** The entries of a kind. */
export type EntryOf<K extends Kind> = StoredEntry extends infer E
  ? E extends { readonly kind: infer Kinds }
    ? K extends Kinds
      ? E
      : never
    : never
  : never;

/** What somebody who reads a ledger does with the kinds of entries that it cares about. */
export type Readers = { readonly [K in Kind]?: (entry: EntryOf<K>) => void };

/** Calls the reader of the entry's kind, if there is one. */
export function dispatch(readers: Readers, entry: StoredEntry): void {
  const read = readers[entry.kind] as ((entry: StoredEntry) => void) | undefined;
  read?.(entry);
}
