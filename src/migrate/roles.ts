import type { ClientBase } from "pg";
import { withConnection } from "../database/connection.js";
import { ownerError, roleKinds, type RoleKind } from "../database/privilege.js";
import { askRole, bindQueries, type Queries } from "../database/queries.js";
import { unprepared } from "../database/prepared-statements.js";
import { runTransaction } from "../database/transaction.js";
import type { Executor } from "../database/executor.js";
import { TaskwrightError } from "../errors.js";
import { boolean, oneOf, roleName, type Rules } from "../option-rules.js";
import { checkOptions, refuseOption } from "../options.js";
import { undone } from "./grants.js";
import { LockPatience } from "./locks.js";
import { schemaChangeRules, type SchemaChangeOptions } from "./migrate.js";
import { explainFailure } from "./refusal.js";

/** Give exactly one of `connectionString`, `pool` and `client`, as the schema's owner. */
export interface GrantOptions extends SchemaChangeOptions {
  /** The role that gets the rights, or loses them. It exists. */
  readonly role: string;
  /** What the role may do. */
  readonly as: RoleKind;
  /** Whether nothing is changed and the statements are only returned. Default false. */
  readonly dryRun?: boolean;
}

/** What was granted or revoked. */
export interface GrantResult {
  readonly schema: string;
  readonly role: string;
  readonly as: RoleKind;
  /** The statements, in their order; of a dry run, those that would be run. */
  readonly statements: readonly string[];
}

/** Each option's rule and default. */
export const grantRules = {
  ...schemaChangeRules,
  role: roleName().required(),
  as: oneOf(...roleKinds).required(),
  dryRun: boolean().or(false),
} satisfies Rules<GrantOptions>;

/**
 * Gives a role what a producer, worker, operator or reader needs: privileges on the schema's objects, and
 * policies, since row level security hides all rows from every role but the owner. Both are additive: other
 * roles and peers are not concerned. Doing it again changes nothing; `migrate` does it again for what it
 * adds. Waits for locks as `migrate` does.
 * @throws TaskwrightError `PRIVILEGE_MISSING` unless the connection's role owns the schema;
 * `SCHEMA_MISSING`, `SCHEMA_LOCKED`, `OPTION_UNKNOWN`, `OPTION_INVALID`, also when there is no such role.
 * Nothing is granted then.
 */
export function grantRole(given: GrantOptions): Promise<GrantResult> {
  return change("grantRole", given, async (queries, tx, { schema, role, as }) => {
    return undone(await queries.listGrants(tx, { schema, role, kind: as }));
  });
}

/**
 * Takes the rights of a kind from a role. Rights that it has by another kind stay. Other privileges on the
 * queue's objects that were granted to the role by hand are taken, too.
 * @throws TaskwrightError as `grantRole`
 */
export function revokeRole(given: GrantOptions): Promise<GrantResult> {
  return change("revokeRole", given, async (queries, tx, { schema, role, as }) => {
    const revoked = await queries.listRevocations(tx, { schema, role, kind: as });
    const granted = await queries.listGrantedRights(tx, { schema });
    const kept = granted.filter((each) => each.role === role && each.kind !== as);
    const grants = kept.map(({ kind }) => queries.listGrants(tx, { schema, role, kind }));
    return [
      ...revoked.map(({ text }) => text),
      ...(await Promise.all(grants)).flatMap((statements) => undone(statements)),
    ];
  });
}

interface Change {
  readonly schema: string;
  readonly role: string;
  readonly as: RoleKind;
}

async function change(
  owner: string,
  given: GrantOptions,
  list: (queries: Queries, tx: Executor, change: Change) => Promise<string[]>,
): Promise<GrantResult> {
  const options = checkOptions(owner, given, grantRules);
  const { schema, role, as, dryRun } = options;
  const queries = bindQueries({ schema, preparedStatements: false });
  return withConnection(owner, options, async (client: ClientBase) => {
    const patience = new LockPatience({ queries, db: client, schema, action: owner }, options);
    const changeOnce = () =>
      runTransaction(
        client,
        unprepared,
        async (tx) => {
          await patience.prepareTransaction();
          // Two changes of the same object's privileges at once would fail.
          await queries.takeMigrationTurn(tx, { schema });
          await refuseUnknown(owner, queries, tx, schema, role);
          const statements = await list(queries, tx, { schema, role, as });
          if (!dryRun) for (const text of statements) await tx.query(text, []);
          return Object.freeze({ schema, role, as, statements: Object.freeze(statements) });
        },
        () => {},
      );
    try {
      return await patience.run(changeOnce);
    } catch (error) {
      throw await explainFailure(error, schema, () => askRole(client));
    }
  });
}

async function refuseUnknown(
  owner: string,
  queries: Queries,
  tx: Executor,
  schema: string,
  role: string,
): Promise<void> {
  const [found] = await queries.findRole(tx, { schema, role });
  if (found?.hasQueue !== true) {
    throw new TaskwrightError(
      "SCHEMA_MISSING",
      `There is no queue in schema ${schema}. Run \`taskwright migrate\`, or check the schema's name.`,
      { schema },
    );
  }
  if (!found.isOwner) {
    throw ownerError(schema, await askRole(tx));
  }
  if (!found.hasRole) {
    refuseOption(owner, "role", `a role of the database server; there is none named "${role}"`);
  }
}
