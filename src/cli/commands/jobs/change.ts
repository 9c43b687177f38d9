import type { Command } from "commander";
import type { ChangedJobs } from "../../../manage/index.js";
import { confirm, type ConfirmFlags } from "../../confirm.js";
import { exitCodes, type ExitCode } from "../../failure.js";
import { count, type OutputFlags } from "../../output.js";
import type { DatabaseFlags, Session } from "../../session.js";
import { paint, type Terminal } from "../../terminal.js";
import { databaseCommand, type CommandMaker } from "../command.js";

type ChangeFlags = DatabaseFlags & ConfirmFlags;

interface Change<Flags extends ChangeFlags> {
  readonly name: string;
  readonly description: string;
  readonly examples: string;
  /** What was done to jobs, for the report: `completed`. */
  readonly done: string;
  /** For a change that destroys: what would happen to so many jobs. It is asked for. */
  readonly warning?: (jobs: string) => string;
  /** Adds options of its own. */
  readonly configure?: (command: Command) => unknown;
  readonly change: (session: Session, ids: readonly string[], flags: Flags) => Promise<ChangedJobs>;
}

/** Makes the maker of a command that changes jobs by their ids. */
export function changeCommand<Flags extends ChangeFlags = ChangeFlags>({
  name,
  description,
  examples,
  done,
  warning,
  configure,
  change,
}: Change<Flags>): CommandMaker {
  return databaseCommand<Flags, [ids: readonly string[]]>({
    name,
    description,
    examples,
    configure: (command) => {
      command.argument("<ids...>", "the ids of jobs");
      configure?.(command);
      if (warning !== undefined) command.option("--yes", "don't ask");
    },
    run: async (session, flags, ids) => {
      const { terminal } = session;
      const isMeant =
        warning === undefined ||
        (await confirm(terminal, flags, warning(count(ids.length, "job"))));
      if (!isMeant) return exitCodes.failure;
      return report(terminal, flags, done, await change(session, ids, flags));
    },
  });
}

/** Tells what was changed and what wasn't; one job that wasn't makes the command fail. */
function report(
  terminal: Terminal,
  { json = false }: OutputFlags,
  done: string,
  { jobs, skipped }: ChangedJobs,
): ExitCode {
  const ok = skipped.length === 0;
  if (json) terminal.out(JSON.stringify({ ok, jobs, skipped }));
  else {
    if (jobs.length > 0) terminal.out(`${done} ${jobs.map(({ id }) => id).join(" ")}`);
    for (const { id, state } of skipped) {
      const reason = state === "missing" ? "there is no such job" : `it is ${state}`;
      terminal.err(`${paint(terminal, "yellow", "left alone")} ${id}: ${reason}`);
    }
  }
  return ok ? exitCodes.ok : exitCodes.failure;
}
