import { migrations } from "../../generated/migrations.js";

/** The name of a file in `sql/migrations`. */
export type MigrationName = keyof typeof migrations;

/**
 * When a migration runs. `base` makes what every peer's schema has, so it runs once, in an empty
 * one. `addition` makes what is ours, and functions that the peers have too: it runs wherever
 * something of it is missing or of an older version. `foreign` is for a newer peer's schema alone.
 */
type Kind = "schema" | "ledger" | "base" | "addition" | "foreign";

const kinds: Readonly<Record<MigrationName, Kind>> = {
  "01_schema": "schema",
  "02_ledger": "ledger",
  "03_tables": "base",
  "04_jobs_view": "base",
  "05_enqueue_jobs": "addition",
  "06_enqueue_keys": "addition",
  "07_enqueue": "addition",
  "08_add_jobs": "addition",
  "09_queue_locks": "addition",
  "10_retired_jobs": "addition",
  "11_manage_jobs": "addition",
  "12_peer_names": "addition",
  "13_workers": "addition",
  "14_claim_indexes": "addition",
  "15_find_queues": "addition",
  "16_claim_jobs": "addition",
  "17_settle_jobs": "addition",
  "18_pauses": "addition",
  "19_slots": "addition",
  "20_read_jobs": "addition",
  "21_cleanup": "addition",
  "22_starts": "addition",
  "23_foreign_retirements": "foreign",
  "24_recover_jobs": "addition",
  "25_due_jobs": "addition",
  "26_priorities": "addition",
};

/** A part of a migration's text: one function, or all that stands between two functions. */
export interface Statement {
  readonly text: string;
  /** The name of the function that it makes. */
  readonly functionName: string | undefined;
}

/** An index that can be built concurrently, and how. */
export interface IndexDefinition {
  readonly name: string;
  readonly table: string;
  /** The statement, for the schema's name to be bound. */
  readonly concurrent: string;
}

/** One migration and what the catalogue holds once it has run. */
export interface Migration {
  readonly name: MigrationName;
  readonly kind: Kind;
  readonly statements: readonly Statement[];
  /** Tables, views and types. */
  readonly relations: readonly string[];
  readonly indexes: readonly string[];
  /** Of an addition: how each of its indexes is built beside transactions that write to its table. */
  readonly indexDefinitions: readonly IndexDefinition[];
  /** Versions of the functions that carry our mark, by name. */
  readonly functions: ReadonlyMap<string, number>;
}

const relation =
  /^\s*create (?:unlogged )?(?:table|view|type)(?: if not exists)? graphile_worker\.(?<name>\w+)/gmu;
const index = /^\s*create (?:unique )?index(?: if not exists)? (?<name>\w+)/gmu;
const indexStatement =
  /^create (?<unique>unique )?index if not exists (?<rest>(?<name>\w+)\s+on graphile_worker\.(?<table>\w+)[^;]*);/gmu;
/** A function's mark names it, because the migrator reads the function's body from the catalogue. */
const mark = /-- taskwright: (?<name>\w+) (?<version>\d+)/gu;

/** A function of ours from its first word to its last; its body ends with the quote it begins with. */
const functionText =
  /^create or replace function graphile_worker\.(?<name>\w+)\(.*?\$taskwright\$.*?\$taskwright\$;$/gmsu;

/** Read from the SQL itself, so that what is written there is what is looked for. */
export const catalogue: readonly Migration[] = Object.entries(migrations).map(([name, text]) => ({
  name: name as MigrationName,
  kind: kinds[name as MigrationName],
  statements: splitFunctions(text),
  relations: namesIn(text, relation),
  indexes: namesIn(text, index),
  indexDefinitions: kinds[name as MigrationName] === "addition" ? indexesIn(text) : [],
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

function splitFunctions(text: string): Statement[] {
  const statements: Statement[] = [];
  let end = 0;
  const addOthers = (until: number) => {
    statements.push({ text: text.slice(end, until), functionName: undefined });
  };
  for (const match of text.matchAll(functionText)) {
    addOthers(match.index);
    statements.push({ text: match[0], functionName: match.groups?.["name"] });
    end = match.index + match[0].length;
  }
  addOthers(text.length);
  return statements;
}

function indexesIn(text: string): IndexDefinition[] {
  return Array.from(text.matchAll(indexStatement), ({ groups }) => ({
    name: groups?.["name"] ?? "",
    table: groups?.["table"] ?? "",
    concurrent: `create ${groups?.["unique"] ?? ""}index concurrently if not exists ${groups?.["rest"] ?? ""}`,
  }));
}

function namesIn(text: string, pattern: RegExp): string[] {
  return Array.from(text.matchAll(pattern), ({ groups }) => groups?.["name"] ?? "");
}
