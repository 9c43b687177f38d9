import { Argument } from "commander";
import {
  listPauses,
  pauseQueue,
  pauseTask,
  type Pause,
  type PauseKind,
} from "../../manage/index.js";
import { exitCodes, UsageError, type ExitCode } from "../failure.js";
import { printResult, printTable, type Column } from "../output.js";
import type { DatabaseFlags, Session } from "../session.js";
import { printable } from "../terminal.js";
import { databaseCommand } from "./command.js";

interface Flags extends DatabaseFlags {
  readonly reason?: string;
}

const columns: readonly Column<Pause>[] = [
  { head: "kind", cell: ({ kind }) => kind },
  { head: "name", cell: ({ name }) => name },
  { head: "paused at", cell: ({ pausedAt }) => pausedAt },
  { head: "reason", cell: ({ reason }) => reason },
];

/** The arguments that name what to pause or to resume. */
export const kinds: readonly PauseKind[] = ["task", "queue"];

export const pauseCommand = databaseCommand<Flags, [kind?: PauseKind, name?: string]>({
  name: "pause",
  description: "Hold the whole fleet back from a task or a queue; without arguments, list pauses.",
  examples: `
    taskwright pause                                 what is paused
    taskwright pause task send_email --reason "the mail server is down"
    taskwright pause queue imports
    taskwright resume task send_email`,
  configure: (command) =>
    command
      .addArgument(new Argument("[kind]", "what to pause").choices([...kinds]))
      .argument("[name]", "the task's identifier or the queue's name")
      .option("--reason <text>", "the reason, shown in lists of pauses"),
  run: (session, flags, kind, name) => {
    if (kind === undefined) return list(session, flags);
    if (name === undefined)
      throw new UsageError(`Name the ${kind}: taskwright pause ${kind} <name>`);
    return pause(session, flags, kind, name);
  },
});

async function list({ db, schema, terminal }: Session, flags: Flags): Promise<ExitCode> {
  const pauses = await listPauses(db, { schema });
  printResult(terminal, flags, { pauses }, () => printTable(terminal, columns, pauses));
  return exitCodes.ok;
}

async function pause(
  { db, schema, terminal }: Session,
  flags: Flags,
  kind: PauseKind,
  name: string,
): Promise<ExitCode> {
  const { reason } = flags;
  const options = { schema, ...(reason === undefined ? {} : { reason }) };
  await (kind === "task" ? pauseTask : pauseQueue)(db, name, options);
  printResult(terminal, flags, { kind, name }, () => {
    terminal.out(`paused ${kind} ${printable(name)}`);
  });
  return exitCodes.ok;
}
