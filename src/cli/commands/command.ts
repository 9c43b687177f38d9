import { Command } from "commander";
import type { ExitCode } from "../failure.js";
import { addDatabaseOptions, withDatabase, type DatabaseFlags, type Session } from "../session.js";
import type { Terminal } from "../terminal.js";

/** Makes a command; its action hands the process's exit code to `end`. */
export type CommandMaker = (terminal: Terminal, end: (code: ExitCode) => void) => Command;

interface Description {
  readonly name: string;
  readonly description: string;
  /** Lines for the end of the help. */
  readonly examples: string;
  /** Adds the command's own arguments and options. */
  readonly configure?: (command: Command) => unknown;
}

export interface DatabaseCommand<
  Flags extends DatabaseFlags,
  Args extends unknown[],
> extends Description {
  readonly run: (session: Session, flags: Flags, ...args: Args) => Promise<ExitCode>;
}

/** Makes the maker of a command that works on a database. */
export function databaseCommand<Flags extends DatabaseFlags, Args extends unknown[] = []>({
  run,
  ...described
}: DatabaseCommand<Flags, Args>): CommandMaker {
  return (terminal, end) => {
    const command = describeCommand(described);
    return addDatabaseOptions(command).action(async () => {
      const flags = command.opts<Flags>();
      const args = command.processedArgs as Args;
      end(await withDatabase(flags, terminal, (session) => run(session, flags, ...args)));
    });
  };
}

/** A command of several, such as `jobs list`. */
export function commandGroup(
  described: Description,
  makers: readonly CommandMaker[],
): CommandMaker {
  return (terminal, end) => {
    const group = describeCommand(described);
    for (const make of makers) group.addCommand(make(terminal, end));
    return group;
  };
}

/** What stands at the end of a command's help. */
export function describeCommand(described: Description): Command {
  const { name, description, examples, configure } = described;
  const command = new Command(name).description(description);
  configure?.(command);
  const lines = examples.trim().split("\n");
  const shown = lines.map((line) => `  ${line.trim()}`).join("\n");
  return command.addHelpText(
    "after",
    `\nExamples:\n${shown}\n\nExit codes: 0 done, 1 failed or not all done, 2 wrong usage.`,
  );
}
