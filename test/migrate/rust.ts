import type { Pool } from "pg";
import { migrations } from "../../generated/migrations.js";
import { migratePeer } from "../support/peer.js";

/**
 * Leaves the catalogue that the Rust crate's revisions 19 and 20 leave, written anew from what they
 * do: up to 18 they make what Node's peer makes; 19 replaces the body of add_jobs; 20 adds what our
 * own 10_workers adds, though without our marks. Neither is flagged as breaking.
 */
export async function migrateAsRust(
  revision: 19 | 20,
  pool: Pool,
  connectionString: string,
): Promise<void> {
  await migratePeer(18, connectionString);
  await pool.query("insert into graphile_worker.migrations (id) values (19)");
  if (revision === 19) return;
  await pool.query(migrations["10_workers"].replaceAll("-- taskwright:", "--"));
  await pool.query("insert into graphile_worker.migrations (id) values (20)");
}
