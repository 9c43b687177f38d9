import { inspectSchema, isUsable, migrate, type SchemaState } from "../../migrate/index.js";
import { exitCodes, type ExitCode } from "../failure.js";
import { printResult } from "../output.js";
import type { DatabaseFlags, Session } from "../session.js";
import { paint, type Terminal } from "../terminal.js";
import { databaseCommand } from "./command.js";
import { addLockOptions, lockOptions, type LockFlags } from "./lock-flags.js";
import { addTrustOption, trustOptions, type TrustFlags } from "./trust-flags.js";

interface Flags extends DatabaseFlags, LockFlags, TrustFlags {
  readonly check?: boolean;
}

export const migrateCommand = databaseCommand<Flags>({
  name: "migrate",
  description: "Install the schema, or bring it up to date in place. Jobs stay as they are.",
  examples: `
    taskwright migrate
    taskwright migrate --check          change nothing; exit with 1 if there is something to do
    taskwright migrate --schema jobs`,
  configure: (command) =>
    addTrustOption(
      addLockOptions(
        command.option("--check", "change nothing; fail if the schema isn't up to date"),
      ),
    ),
  run: (session, flags) => (flags.check === true ? check(session, flags) : apply(session, flags)),
});

async function check({ db, schema, terminal }: Session, flags: Flags): Promise<ExitCode> {
  const state = await inspectSchema({ pool: db, schema, ...trustOptions(flags) });
  const isReady = isUsable(state);
  if (flags.json === true) terminal.out(JSON.stringify({ ok: isReady, state }));
  else showState(terminal, state, isReady);
  return isReady ? exitCodes.ok : exitCodes.failure;
}

function showState(terminal: Terminal, state: SchemaState, isReady: boolean): void {
  const { schema, status, revision, missing } = state;
  const at = revision === undefined || revision === null ? "" : `, revision ${revision}`;
  const shown = `schema ${schema}: ${status}${at}`;
  terminal.out(paint(terminal, isReady ? "green" : "yellow", shown));
  if (missing.length > 0) terminal.out(`missing: ${missing.join(", ")}`);
}

async function apply({ db, schema, terminal }: Session, flags: Flags): Promise<ExitCode> {
  const result = await migrate({
    pool: db,
    schema,
    ...trustOptions(flags),
    ...lockOptions(flags),
  });
  printResult(terminal, flags, result, () => {
    const { migrated, state, warnings } = result;
    const done = migrated ? "migrated" : "nothing to do:";
    terminal.out(`${done} schema ${state.schema}, revision ${state.revision}`);
    for (const warning of warnings) terminal.err(paint(terminal, "yellow", warning));
  });
  return exitCodes.ok;
}
