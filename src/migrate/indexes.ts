import type { Executor } from "../database/executor.js";
import { bindSchema, quoteIdentifier } from "../database/identifier.js";
import type { Queries } from "../database/queries.js";
import { catalogue, type IndexDefinition } from "./catalogue.js";
import type { LockPatience } from "./locks.js";
import { isClash } from "./refusal.js";

/**
 * Builds the missing indexes of tables that are there without locking those who write to them, one by one
 * and outside of a transaction. An index whose build was interrupted is dropped and built again. A build
 * waits for the transactions that have written to its table; others go on meanwhile, so it may take all of
 * the time that there is for locks.
 *
 * No lock keeps two migrators from building the same index: one that waited for it would hold a snapshot,
 * and the build waits for older snapshots. They look whether the table is busy instead.
 * @returns Whether it has built something; what others built meanwhile doesn't count.
 */
export async function buildIndexes(
  queries: Queries,
  db: Executor,
  schema: string,
  patience: LockPatience,
): Promise<boolean> {
  const wanted = catalogue.flatMap(({ indexDefinitions }) => indexDefinitions);
  let hasBuilt = false;
  for (const definition of wanted) {
    const isMissing = (await lookAt(queries, db, schema, definition))?.isValid !== true;
    if (!isMissing) continue;
    hasBuilt = (await buildIndex(queries, db, schema, definition, patience)) || hasBuilt;
  }
  return hasBuilt;
}

/** Up to 8 MB of jobs are indexed in some tens of milliseconds. */
const maxSmallPages = 1000;

/** Whether the table of jobs is so small that an index on it may be built while writers wait. */
export async function isSmall(queries: Queries, db: Executor, schema: string): Promise<boolean> {
  const [row] = await queries.readJobPages(db, { schema });
  return (row?.pages ?? 0) <= maxSmallPages;
}

/** Whether an index is half-built: such a one is neither made nor repaired in a transaction. */
export async function hasHalfBuilt(
  queries: Queries,
  db: Executor,
  schema: string,
): Promise<boolean> {
  for (const { indexDefinitions } of catalogue) {
    for (const definition of indexDefinitions) {
      if ((await lookAt(queries, db, schema, definition))?.isValid === false) return true;
    }
  }
  return false;
}

async function buildIndex(
  queries: Queries,
  db: Executor,
  schema: string,
  definition: IndexDefinition,
  patience: LockPatience,
): Promise<boolean> {
  let hasBuilt = false;
  for (;;) {
    const found = await lookAt(queries, db, schema, definition);
    // Without its table, the migration makes both.
    if (found === undefined || found.isValid === true) return hasBuilt;
    if (found.isBusy) {
      await patience.waitForOthers();
      continue;
    }
    const text =
      found.isValid === null
        ? bindSchema(definition.concurrent, schema)
        : `drop index concurrently if exists ${quoteIdentifier(schema)}.${quoteIdentifier(definition.name)}`;
    try {
      await withBuildSettings(queries, db, patience, () => db.query(text, []));
      hasBuilt = found.isValid === null;
    } catch (error) {
      if (!isClash(error)) await patience.next(error);
    }
  }
}

async function lookAt(
  queries: Queries,
  db: Executor,
  schema: string,
  { name, table }: IndexDefinition,
) {
  const params = { schema, indexes: JSON.stringify([name]), tables: JSON.stringify([table]) };
  const [row] = await queries.inspectIndexes(db, params);
  return row;
}

/** A large table takes longer than a session's limit may allow. */
async function withBuildSettings(
  queries: Queries,
  db: Executor,
  patience: LockPatience,
  run: () => Promise<unknown>,
): Promise<void> {
  const [before] = await queries.readBuildSettings(db);
  const limitMs = Math.max(patience.lockTimeoutMs, Math.ceil(patience.leftMs));
  await queries.setBuildSettings(db, {
    lockTimeout: `${limitMs}`,
    statementTimeout: "0",
    searchPath: "pg_catalog, pg_temp",
  });
  try {
    await run();
  } finally {
    // Fails too when the connection is lost.
    if (before !== undefined) await queries.setBuildSettings(db, before).catch(() => {});
  }
}
