import { catalogue, ledger, type Migration } from "./catalogue.js";
import { newest, type Findings } from "./findings.js";
import { findNewerPeer, isLeftAlone } from "./newer-peer.js";

/**
 * - `missing`: there is no such schema.
 * - `empty`: the schema is there and holds nothing of a queue.
 * - `foreign`: the schema holds something that no peer's migrations leave behind.
 * - `outdated`: a peer's, from before revision 18.
 * - `upgradable`: a peer's, or an older Taskwright's, that `migrate` completes in place.
 * - `current`: has all that this version of Taskwright needs.
 * - `newer`: a newer peer went on from there with harmless revisions.
 * - `incompatible`: a newer peer went on from there with a breaking revision, or a newer Taskwright changed
 *   functions.
 */
export type SchemaStatus =
  | "missing"
  | "empty"
  | "foreign"
  | "outdated"
  | "upgradable"
  | "current"
  | "newer"
  | "incompatible";

/** What is in the database under the schema's name. */
export interface SchemaState {
  readonly schema: string;
  readonly status: SchemaStatus;
  /** The newest revision in the ledger. */
  readonly revision: number | null;
  /** The newest breaking revision in the ledger. */
  readonly breakingRevision: number | null;
  /**
   * Names of tables, indexes, types and functions that Taskwright needs and that aren't there. An index whose
   * build goes on or was interrupted counts as missing.
   */
  readonly missing: readonly string[];
  /** Names of functions that a newer Taskwright made. */
  readonly newer: readonly string[];
  /** Such as 180004. */
  readonly serverVersion: number;
}

/** Decides by what is there: the peers disagree on what revisions 19 and 20 mean. */
export function schemaStatus(found: Findings): SchemaStatus {
  if (!found.exists) return "missing";
  const revision = newest(found.revisions);
  if (revision === null) return hasSomeOfBase(found) ? "foreign" : emptyOrForeign(found);
  const breaking = newest(found.revisions.filter((row) => row.breaking));
  if (breaking !== null && breaking > ledger.latest) return "incompatible";
  if (newerFunctions(found).length > 0) return "incompatible";
  if (revision < ledger.oldest) return "outdated";
  if (!hasBase(found)) return "foreign";
  if (revision > ledger.latest) return "newer";
  const isComplete = missingNames(found).length === 0 && isLedgerComplete(found);
  return isComplete ? "current" : "upgradable";
}

/** The functions whose marks are of versions that this Taskwright doesn't know. */
export function newerFunctions(found: Findings): string[] {
  return catalogue.flatMap(({ functions }) =>
    Array.from(functions)
      .filter(([name, wanted]) => (found.functions.get(name) ?? wanted) > wanted)
      .map(([name]) => name),
  );
}

/** What `migrate` would have to make, but for what every peer's schema has. */
export function missingNames(found: Findings): string[] {
  return catalogue
    .filter(({ kind }) => kind !== "base")
    .flatMap((migration) => missingOf(migration, found));
}

/**
 * The objects that one migration would make and that are missing, or of an older version. In a newer
 * peer's schema the functions that it brought are left as they are.
 */
export function missingOf(migration: Migration, found: Findings): string[] {
  const peer = findNewerPeer(found);
  if (migration.kind === "foreign" && (peer === undefined || peer.marksRetirements)) return [];
  return [
    ...[...migration.relations, ...migration.indexes].filter((name) => !found.relations.has(name)),
    ...Array.from(migration.functions)
      .filter(([name, wanted]) => {
        const version = found.functions.get(name);
        return version === undefined || (version < wanted && !isLeftAlone(name, found, peer));
      })
      .map(([name]) => name),
  ];
}

/** Whether Taskwright can work with a schema of this state. */
export function isUsable(state: SchemaState): boolean {
  return state.status === "current" || (state.status === "newer" && state.missing.length === 0);
}

/** Every peer's ledger has these; `breaking` came later. */
export function isLedger(columns: readonly string[]): boolean {
  return columns.includes("id integer") && columns.includes("ts timestamp with time zone");
}

function emptyOrForeign({ ledgerColumns }: Findings): SchemaStatus {
  return ledgerColumns.length === 0 || isLedger(ledgerColumns) ? "empty" : "foreign";
}

const baseNames = catalogue
  .filter(({ kind }) => kind === "base")
  .flatMap(({ relations }) => relations);

/** Not the indexes: whoever dropped one of a peer's had a reason. */
function hasBase({ relations }: Findings): boolean {
  return baseNames.every((name) => relations.has(name));
}

function hasSomeOfBase({ relations }: Findings): boolean {
  return baseNames.some((name) => relations.has(name));
}

function isLedgerComplete({ revisions }: Findings): boolean {
  const recorded = new Set(revisions.map(({ revision }) => revision));
  const flagged = new Set(revisions.filter(({ breaking }) => breaking).map((row) => row.revision));
  return recorded.has(ledger.latest) && ledger.breaking.every((revision) => flagged.has(revision));
}
