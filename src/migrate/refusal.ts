import { sqlState } from "../database/failure.js";
import { lacksPrivilege, privilegeError } from "../database/privilege.js";
import { TaskwrightError } from "../errors.js";
import { isError } from "../kinds.js";
import { messageOf } from "../thrown.js";
import { ledger } from "./catalogue.js";
import type { SchemaState } from "./state.js";

const oldestServer = 120_000;

/** @throws TaskwrightError `SERVER_TOO_OLD` */
export function refuseOldServer({ serverVersion }: SchemaState): void {
  if (serverVersion >= oldestServer) return;
  throw new TaskwrightError(
    "SERVER_TOO_OLD",
    `Taskwright needs PostgreSQL 12 or later; this server's version number is ${serverVersion}.`,
    { serverVersion, oldest: oldestServer },
  );
}

/**
 * Refuses a schema that can't be brought to ours in place.
 * @throws TaskwrightError `SCHEMA_TOO_OLD`, `SCHEMA_TOO_NEW` or `SCHEMA_FOREIGN`
 */
export function refuseState(state: SchemaState): void {
  const { schema, status, revision, breakingRevision, missing, newer } = state;
  const details = { schema, revision, breakingRevision };
  switch (status) {
    case "outdated":
      throw new TaskwrightError(
        "SCHEMA_TOO_OLD",
        `Schema ${schema} is at revision ${revision} of graphile-worker; Taskwright goes on from ${ledger.oldest}. Stop its workers, run \`npx graphile-worker@0.16.6 --schema-only\` against it, then migrate again.`,
        { ...details, oldest: ledger.oldest, upgradeWith: "graphile-worker@0.16.6" },
      );
    case "incompatible":
      if (newer.length > 0) {
        throw new TaskwrightError(
          "SCHEMA_TOO_NEW",
          `Schema ${schema} was migrated by a newer Taskwright: this one doesn't know the versions of ${newer.join(", ")}. Use the newer Taskwright.`,
          { ...details, functions: newer },
        );
      }
      throw new TaskwrightError(
        "SCHEMA_TOO_NEW",
        `Schema ${schema} was migrated to the breaking revision ${breakingRevision} by a newer graphile-worker; this Taskwright knows revisions up to ${ledger.latest}. Use a newer Taskwright.`,
        { ...details, latest: ledger.latest },
      );
    case "foreign":
      throw new TaskwrightError(
        "SCHEMA_FOREIGN",
        `Schema ${schema} is neither empty nor a complete queue: some of a queue's tables are there, and others, or the ledger of migrations, are not. Name another schema, or fix this one.`,
        { ...details, missing },
      );
    case "missing":
    case "empty":
    case "upgradable":
    case "current":
    case "newer":
  }
}

/** Two migrations made the same thing at once, or something else bears its name. */
const clashes = new Set(["23505", "42P06", "42P07", "42710", "42723"]);

export function isClash(error: unknown): boolean {
  return clashes.has(sqlState(error) ?? "");
}

/**
 * What the server's refusals mean while a schema is migrated; other errors pass unchanged.
 * @param askRole Asks for the connection's role.
 */
export async function explainFailure(
  error: unknown,
  schema: string,
  askRole: () => Promise<string | undefined>,
): Promise<unknown> {
  if (TaskwrightError.is(error)) return error;
  if (lacksPrivilege(error)) {
    return privilegeError(error, { schema, needs: "owner", role: await askRole() });
  }
  const state = sqlState(error);
  const said = isError(error) ? messageOf(error) : "";
  const explained = (code: "DATABASE_READ_ONLY" | "SCHEMA_FOREIGN", text: string) =>
    new TaskwrightError(
      code,
      `${text} PostgreSQL: ${said}`,
      { schema, sqlState: state },
      { cause: error },
    );
  if (state === "25006") {
    return explained(
      "DATABASE_READ_ONLY",
      `Schema ${schema} needs a migration and this server is read-only. Connect to the primary server.`,
    );
  }
  if (isClash(error)) {
    return explained(
      "SCHEMA_FOREIGN",
      `Something else in schema ${schema} bears a name that Taskwright needs.`,
    );
  }
  return error;
}
