import { Command, CommanderError } from "commander";
import { codegenCommand } from "./commands/codegen.js";
import { initCommand } from "./commands/init.js";
import { exitCodes, reportFailure, type ExitCode } from "./failure.js";
import { readManifest } from "./packages.js";
import type { Terminal } from "./terminal.js";

/** Runs one command line, without the program's name, and tells what to exit with. */
export async function runCommandLine(
  args: readonly string[],
  terminal: Terminal,
): Promise<ExitCode> {
  let code: ExitCode = exitCodes.ok;
  const end = (given: ExitCode) => {
    code = given;
  };
  const program = new Command("taskwright")
    .description("Typed background jobs in PostgreSQL.")
    .version(readManifest().version)
    .showHelpAfterError("Run it with --help to see what it takes.")
    .addHelpText("after", "\nStart with: taskwright init");
  for (const make of [initCommand, codegenCommand]) program.addCommand(make(terminal, end));
  for (const command of [program, ...program.commands]) {
    command.exitOverride().configureOutput({
      writeOut: (text) => terminal.out(text.trimEnd()),
      writeErr: (text) => terminal.err(text.trimEnd()),
    });
  }
  try {
    await program.parseAsync(args, { from: "user" });
    return code;
  } catch (error) {
    if (error instanceof CommanderError) {
      return error.exitCode === 0 ? exitCodes.ok : exitCodes.usage;
    }
    return reportFailure(terminal, error, args.includes("--json"));
  }
}
