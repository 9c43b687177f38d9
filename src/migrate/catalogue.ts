import { migrations } from "../../generated/migrations.js";

/** The name of a file in `sql/migrations`. */
export type MigrationName = keyof typeof migrations;

/**
 * When a migration runs. `base` makes what every peer's schema has, so it runs once, in an empty
 * one. `shared` replaces functions that the peers have too, and `addition` makes what is ours (or
 * the Rust crate's alone): both run wherever something of theirs is missing.
 */
type Kind = "schema" | "ledger" | "base" | "shared" | "addition";

const kinds: Readonly<Record<MigrationName, Kind>> = {
  "01_schema": "schema",
  "02_ledger": "ledger",
  "03_tables": "base",
  "04_jobs_view": "base",
  "05_enqueue_jobs": "addition",
  "06_enqueue_keys": "addition",
  "07_enqueue": "addition",
  "08_add_jobs": "shared",
  "08_queue_locks": "addition",
  "08_retired_jobs": "addition",
  "09_manage_jobs": "addition",
  "09_peer_names": "shared",
  "10_workers": "addition",
  "11_claim_indexes": "addition",
  "12_find_queues": "addition",
  "13_claim_jobs": "addition",
  "14_settle_jobs": "addition",
  "15_pauses": "addition",
  "16_slots": "addition",
  "17_read_jobs": "addition",
  "18_cleanup": "addition",
  "21_due_jobs": "addition",
  "19_starts": "addition",
  "20_recover_jobs": "addition",
};

/** One migration and what the catalogue holds once it has run. */
export interface Migration {
  readonly name: MigrationName;
  readonly kind: Kind;
  readonly text: string;
  /** Tables, views and types. */
  readonly relations: readonly string[];
  readonly indexes: readonly string[];
  /** Versions of the functions that carry our mark, by name. */
  readonly functions: ReadonlyMap<string, number>;
}

const relation =
  /^\s*create (?:unlogged )?(?:table|view|type)(?: if not exists)? graphile_worker\.(?<name>\w+)/gmu;
const index = /^\s*create (?:unique )?index(?: if not exists)? (?<name>\w+)/gmu;
/** A function's mark names it, because the migrator reads the function's body from the catalogue. */
const mark = /-- taskwright: (?<name>\w+) (?<version>\d+)/gu;

/** Read from the SQL itself, so that what is written there is what is looked for. */
export const catalogue: readonly Migration[] = Object.entries(migrations).map(([name, text]) => ({
  name: name as MigrationName,
  kind: kinds[name as MigrationName],
  text,
  relations: namesIn(text, relation),
  indexes: namesIn(text, index),
  functions: new Map(
    Array.from(text.matchAll(mark), ({ groups }) => [
      groups?.["name"] ?? "",
      Number(groups?.["version"]),
    ]),
  ),
}));

/** The revision of graphile-worker 0.18 that the catalogue equals, as its ledger tells it. */
export const ledger = Object.freeze({
  /** Older schemas lack what the migrations build on. */
  oldest: 18,
  latest: 20,
  breaking: [1, 3, 11, 13, 14, 16, 19],
});

function namesIn(text: string, pattern: RegExp): string[] {
  return Array.from(text.matchAll(pattern), ({ groups }) => groups?.["name"] ?? "");
}
