import { withConnection } from "../database/connection.js";
import { unprepared } from "../database/prepared-statements.js";
import { askRole, bindQueries } from "../database/queries.js";
import { runTransaction } from "../database/transaction.js";
import { TaskwrightError } from "../errors.js";
import { checkOptions } from "../options.js";
import { inspect } from "./inspect.js";
import { LockPatience } from "./locks.js";
import { migrateRules, type MigrateOptions } from "./migrate.js";
import { explainFailure, refuseState } from "./refusal.js";

/** What was dropped. */
export interface UninstallResult {
  /** False when there was no queue in the schema. */
  readonly uninstalled: boolean;
  readonly schema: string;
}

/**
 * Drops the schema with all its jobs, those of graphile-worker and of the Rust crate included. Objects
 * outside of it that depend on it, such as a view of somebody's, are dropped too. Stop all workers
 * before: each that runs will only meet errors from then on.
 * Waits for locks as `migrate` does.
 * @throws TaskwrightError `SCHEMA_LOCKED`; `SCHEMA_FOREIGN` when the schema holds tables that are no queue's; `SCHEMA_UNTRUSTED`;
 * `PRIVILEGE_MISSING`, `DATABASE_READ_ONLY`, `OPTION_UNKNOWN`, `OPTION_INVALID`. Nothing is dropped
 * then.
 */
export async function uninstall(given: MigrateOptions): Promise<UninstallResult> {
  const options = checkOptions("uninstall", given, migrateRules);
  const { schema, trustedOwners } = options;
  const queries = bindQueries({ schema, preparedStatements: false });
  return withConnection("uninstall", options, async (client) => {
    try {
      const place = { queries, db: client, schema, action: "uninstall" };
      const patience = new LockPatience(place, options);
      const drop = () =>
        runTransaction(
          client,
          unprepared,
          async (tx) => {
            await patience.prepareTransaction();
            await queries.takeMigrationTurn(tx, { schema });
            const { state } = await inspect(queries, tx, schema, trustedOwners);
            if (state.status === "missing" || state.status === "empty") {
              return { uninstalled: false, schema };
            }
            if (state.status === "foreign") refuseState(state);
            const others = await queries.listOtherTables(tx, { schema });
            if (others.length > 0)
              throw otherTables(
                schema,
                others.map(({ name }) => name),
              );
            await queries.dropSchema(tx);
            return { uninstalled: true, schema };
          },
          () => {},
        );
      return await patience.run(drop);
    } catch (error) {
      throw await explainFailure(error, schema, () => askRole(client));
    }
  });
}

function otherTables(schema: string, names: readonly string[]): TaskwrightError {
  return new TaskwrightError(
    "SCHEMA_FOREIGN",
    `Schema ${schema} also holds what is no queue's: ${names.join(", ")}. Move or drop that first, or drop the queue's tables by hand.`,
    { schema, names },
  );
}
