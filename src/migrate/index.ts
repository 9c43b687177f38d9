import { Client, type ClientBase, type Pool } from "pg";
import { migrations } from "../../generated/migrations.js";
import { bindSchema, defaultSchema } from "../database/identifier.js";
import { bindQueries } from "../database/queries.js";

/** Where to migrate; give one of `connectionString`, `pool` and `client`. */
export interface MigrateOptions {
  readonly connectionString?: string;
  readonly pool?: Pool;
  /** A connected client that is not in a transaction. */
  readonly client?: ClientBase;
  /** Default `graphile_worker`. */
  readonly schema?: string;
}

const revision = { latest: 20, breaking: [1, 3, 11, 13, 14, 16, 19] };
const freshOnly = new Set<string>(["02_tables", "03_jobs_view"]);

/** Brings a schema to what Taskwright needs. */
export async function migrate(options: MigrateOptions): Promise<void> {
  const { schema = defaultSchema } = options;
  await withClient(options, async (client) => {
    const queries = bindQueries({ schema, preparedStatements: false });
    await client.query("begin");
    try {
      await client.query(bindSchema(migrations["01_ledger"], schema));
      const recorded = await queries.recordRevisions(client, revision);
      const isFresh = recorded.length === revision.latest;
      for (const [name, text] of Object.entries(migrations)) {
        if (isFresh || !freshOnly.has(name)) await client.query(bindSchema(text, schema));
      }
      await client.query("commit");
    } catch (error) {
      await client.query("rollback");
      throw error;
    }
  });
}

async function withClient(
  { connectionString, pool, client }: MigrateOptions,
  use: (client: ClientBase) => Promise<void>,
): Promise<void> {
  if (client !== undefined) return use(client);
  if (pool !== undefined) {
    const pooled = await pool.connect();
    try {
      await use(pooled);
    } finally {
      pooled.release();
    }
    return;
  }
  const own = new Client({ connectionString });
  await own.connect();
  try {
    await use(own);
  } finally {
    await own.end();
  }
}
