import { setTimeout as sleep } from "node:timers/promises";
import type { ClientBase } from "pg";
import { connectionRules, withConnection, type ConnectionOptions } from "../database/connection.js";
import type { Executor } from "../database/executor.js";
import { bindSchema, defaultSchema } from "../database/identifier.js";
import { askRole, bindQueries, type Queries } from "../database/queries.js";
import { TaskwrightError } from "../errors.js";
import { schemaName, type Rules } from "../option-rules.js";
import { checkOptions } from "../options.js";
import { catalogue, ledger, type Migration } from "./catalogue.js";
import { buildIndexes, hasHalfBuilt, isSmall } from "./indexes.js";
import { inspect, type Inspection } from "./inspect.js";
import { isLocked, lockRules, LockPatience, type LockOptions } from "./locks.js";
import { renewGrants } from "./grants.js";
import { explainFailure, isClash, refuseOldServer, refuseState } from "./refusal.js";
import type { Findings } from "./findings.js";
import { findNewerPeer, isLeftAlone } from "./newer-peer.js";
import { isUsable, missingOf, type SchemaState } from "./state.js";
import { findTriggerWarnings, trustRules, type TrustOptions } from "./trust.js";

/** Give exactly one of `connectionString`, `pool` and `client`; the client not in a transaction. */
export interface SchemaChangeOptions extends ConnectionOptions, LockOptions {
  /** Unquoted name of the schema. Default `graphile_worker`. */
  readonly schema?: string;
}

/** Give exactly one of `connectionString`, `pool` and `client`; the client not in a transaction. */
export interface MigrateOptions extends SchemaChangeOptions, TrustOptions {}

/** What a migration found and did. */
export interface MigrateResult {
  /** Whether anything was changed. */
  readonly migrated: boolean;
  readonly state: SchemaState;
  /** For a person: what to know of a newer peer's schema, of its owners, and of triggers on its tables. */
  readonly warnings: readonly string[];
}

/** Each option's rule and default. */
export const schemaChangeRules = {
  ...connectionRules,
  schema: schemaName().or(defaultSchema),
  ...lockRules,
} satisfies Rules<SchemaChangeOptions>;

export const migrateRules = {
  ...schemaChangeRules,
  ...trustRules,
} satisfies Rules<MigrateOptions>;

const maxClashes = 5;
/** How long a peer that migrates at the same time is left alone before the next look. */
const waitMs = 100;

/**
 * Brings a schema to what Taskwright needs, in one transaction: from nothing, or in place from
 * revision 18 on of either peer, whose jobs and locks stay as they are. Does nothing, and needs no
 * right to write, when all is there. Any number of migrators may run at once, peers' included.
 *
 * Jobs can be added meanwhile. Indexes on tables that are there are built concurrently, before the
 * transaction. A statement that waits for a lock gives up after `lockTimeoutMs` and is tried again until
 * `waitForLocksMs` have passed. Give a direct connection, not one of a pooler in transaction mode.
 * @throws TaskwrightError `SCHEMA_TOO_OLD`, `SCHEMA_TOO_NEW`, `SCHEMA_FOREIGN`, `SCHEMA_UNTRUSTED`,
 * `SERVER_TOO_OLD`, `SCHEMA_LOCKED`, `PRIVILEGE_MISSING`, `DATABASE_READ_ONLY`, `OPTION_INVALID`; the database is unchanged
 * then, but for indexes that were built.
 */
export async function migrate(given: MigrateOptions): Promise<MigrateResult> {
  const options = checkOptions("migrate", given, migrateRules);
  const { schema, trustedOwners } = options;
  const queries = bindQueries({ schema, preparedStatements: false });
  return withConnection("migrate", options, async (client) => {
    await refuseTransaction(queries, client);
    try {
      const place = { queries, db: client, schema, action: "migrate" };
      const patience = new LockPatience(place, options);
      return await migrateSchema({ queries, db: client, schema, trustedOwners }, patience);
    } catch (error) {
      throw await explainFailure(error, schema, () => askRole(client));
    }
  });
}

/** Our commit would be the caller's. */
async function refuseTransaction(queries: Queries, client: ClientBase): Promise<void> {
  const [row] = await queries.isInTransaction(client);
  if (row?.isInTransaction !== true) return;
  throw new TaskwrightError(
    "OPTION_INVALID",
    "The client that was given to migrate is in a transaction. Give one that isn't.",
    { owner: "migrate", option: "client" },
  );
}

/** What is migrated, and through which connection. */
interface Target {
  readonly queries: Queries;
  readonly db: Executor;
  readonly schema: string;
  readonly trustedOwners: readonly string[];
}

async function migrateSchema(target: Target, patience: LockPatience): Promise<MigrateResult> {
  const { queries, db, schema, trustedOwners } = target;
  let hasBuilt = false;
  for (let clashes = 0; ;) {
    const before = await inspect(queries, db, schema, trustedOwners);
    refuseUnlessMoving(before);
    if (isUsable(before.state)) return toResult(target, before, hasBuilt);
    if (before.untrusted !== undefined) throw before.untrusted;
    try {
      if (isInPlace(before)) {
        const builds = await howToBuild(queries, db, before, patience);
        if (builds === "later") continue;
        if (builds === "concurrently") {
          const built = await buildIndexes(queries, db, schema, patience);
          // Otherwise the transaction tells who of several migrators has migrated.
          hasBuilt ||= built && lacksIndexesOnly(before);
        }
      }
      const result = await inTransaction(queries, db, async () => {
        await patience.prepareTransaction();
        return migrateOnce(target);
      });
      if (result !== undefined)
        return hasBuilt ? Object.freeze({ ...result, migrated: true }) : result;
    } catch (error) {
      if (isLocked(error)) {
        await patience.next(error);
        continue;
      }
      // A peer that takes no part in our turns made the same thing at the same time.
      if (!isClash(error) || ++clashes === maxClashes) throw error;
    }
    await sleep(waitMs);
  }
}

/**
 * A peer that is in the midst of its migrations locks the tables of which a concurrent build would wait for the
 * peer's snapshot: a deadlock, in which the peer may be the one that fails. So the indexes of small tables are
 * built in the transaction then, in which the peer is kept waiting; those of large ones when it has ended.
 */
async function howToBuild(
  queries: Queries,
  db: Executor,
  { state: { schema }, isMoving }: Inspection,
  patience: LockPatience,
): Promise<"concurrently" | "in the transaction" | "later"> {
  if (!isMoving || (await hasHalfBuilt(queries, db, schema))) return "concurrently";
  if (patience.leftMs === 0 || (await isSmall(queries, db, schema))) return "in the transaction";
  await patience.waitForOthers();
  return "later";
}

function lacksIndexesOnly({ state }: Inspection): boolean {
  const names = new Set(catalogue.flatMap(({ indexes }) => indexes));
  return state.missing.every((name) => names.has(name));
}

/** Whether there are tables that others may write to, and nothing speaks against bringing them to ours. */
function isInPlace({ state: { status } }: Inspection): boolean {
  return status === "upgradable" || status === "newer";
}

/** One attempt; undefined when a peer is at work whose end must be awaited. */
async function migrateOnce(target: Target): Promise<MigrateResult | undefined> {
  const { queries, db, schema, trustedOwners } = target;
  await queries.takeMigrationTurn(db, { schema });
  let found = await inspect(queries, db, schema, trustedOwners);
  if (found.findings.ledgerColumns.length > 0) {
    await queries.lockLedger(db);
    found = await inspect(queries, db, schema, trustedOwners);
  }
  refuseUnlessMoving(found);
  if (isUsable(found.state)) return toResult(target, found, false);
  if (found.state.status === "outdated") return undefined;
  await apply(queries, db, found);
  await renewGrants(queries, db, schema);
  const after = await inspect(queries, db, schema, trustedOwners);
  if (!isUsable(after.state)) {
    throw new Error(`After migrating, schema ${schema} lacks ${after.state.missing.join(", ")}.`);
  }
  return toResult(target, after, true);
}

/** A schema that a peer is migrating at this moment isn't too old yet. */
function refuseUnlessMoving({ state, isMoving }: Inspection): void {
  refuseOldServer(state);
  if (state.status === "outdated" && isMoving) return;
  refuseState(state);
}

async function apply(queries: Queries, db: Executor, { state, findings }: Inspection) {
  for (const migration of catalogue) {
    if (!isDue(migration, state, findings)) continue;
    const text = migration.statements
      .filter(({ functionName: name }) => name === undefined || !isLeftAlone(name, findings))
      .map((statement) => statement.text)
      .join("");
    await db.query(bindSchema(text, state.schema), []);
  }
  if (state.status === "newer") return;
  await queries.recordRevisions(db, ledger);
  await queries.flagBreakingRevisions(db, ledger);
}

function isDue(migration: Migration, { status }: SchemaState, findings: Findings): boolean {
  switch (migration.kind) {
    case "schema":
      return !findings.exists;
    case "ledger":
      return findings.ledgerColumns.length === 0;
    case "base":
      return status === "missing" || status === "empty";
    case "addition":
    case "foreign":
      return missingOf(migration, findings).length > 0;
  }
}

async function inTransaction<T>(queries: Queries, db: Executor, fn: () => Promise<T>): Promise<T> {
  await queries.beginReadCommitted(db);
  try {
    const result = await fn();
    await queries.commitTransaction(db);
    return result;
  } catch (error) {
    // When the connection is lost this fails too; the first failure tells more.
    await queries.rollbackTransaction(db).catch(() => {});
    throw error;
  }
}

async function toResult(
  { queries, db, schema }: Target,
  { state, findings, untrusted }: Inspection,
  migrated: boolean,
): Promise<MigrateResult> {
  const warnings = [
    ...(state.status === "newer" ? [describeNewer(state, findings)] : []),
    ...(untrusted === undefined ? [] : [untrusted.message]),
    ...(await findTriggerWarnings(queries, db, schema)),
  ];
  return Object.freeze({ migrated, state, warnings });
}

function describeNewer({ schema, revision }: SchemaState, findings: Findings): string {
  const peer = findNewerPeer(findings);
  const left = catalogue
    .flatMap(({ functions }) => [...functions.keys()])
    .filter((name) => isLeftAlone(name, findings, peer));
  const kept =
    left.length === 0
      ? "All functions that both have are Taskwright's."
      : `Its own versions of these functions were left as they are: ${left.join(", ")}. Taskwright's helpers and clients don't add jobs through them; callers in SQL, and operations of the same name, get that peer's behaviour.`;
  return `Schema ${schema} is at revision ${revision} of ${peer?.name}, which calls it compatible; this Taskwright brings schemas to revision ${ledger.latest}. ${kept}`;
}
