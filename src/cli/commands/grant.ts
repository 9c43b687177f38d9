import { Option } from "commander";
import { roleKinds, type RoleKind } from "../../database/privilege.js";
import { grantRole, revokeRole } from "../../migrate/index.js";
import { exitCodes, type ExitCode } from "../failure.js";
import { printResult } from "../output.js";
import type { DatabaseFlags, Session } from "../session.js";
import { printable } from "../terminal.js";
import { databaseCommand } from "./command.js";
import { addLockOptions, lockOptions, type LockFlags } from "./lock-flags.js";

interface Flags extends DatabaseFlags, LockFlags {
  readonly role: string;
  readonly as: RoleKind;
  readonly revoke?: boolean;
  readonly sql?: boolean;
}

export const grantCommand = databaseCommand<Flags>({
  name: "grant",
  description: "Give a database role what a producer, worker, operator or reader needs.",
  examples: `
    taskwright grant --role=web --as=producer       may add jobs
    taskwright grant --role=jobs --as=worker        may run jobs
    taskwright grant --role=web --as=producer --sql print the statements, change nothing
    taskwright grant --role=web --as=producer --revoke`,
  configure: (command) =>
    addLockOptions(
      command
        .requiredOption("--role <name>", "the role of the database")
        .addOption(
          new Option("--as <kind>", "what the role may do")
            .choices([...roleKinds])
            .makeOptionMandatory(),
        )
        .option("--revoke", "take the rights of this kind back")
        .option("--sql", "print the statements and change nothing"),
    ),
  run: grant,
});

async function grant({ db, schema, terminal }: Session, flags: Flags): Promise<ExitCode> {
  const { role, as, sql: dryRun = false, revoke = false } = flags;
  const options = { pool: db, schema, role, as, dryRun, ...lockOptions(flags) };
  const result = await (revoke ? revokeRole(options) : grantRole(options));
  printResult(terminal, flags, result, () => {
    if (dryRun) for (const text of result.statements) terminal.out(`${printable(text)};`);
    else {
      const done = revoke ? "may no longer act" : "may now act";
      terminal.out(`role ${printable(role)} ${done} as ${as} on schema ${printable(schema)}`);
    }
  });
  return exitCodes.ok;
}
