import { Command, CommanderError } from "commander";
import { addCommand } from "./commands/add.js";
import { cleanupCommand } from "./commands/cleanup.js";
import { codegenCommand } from "./commands/codegen.js";
import type { CommandMaker } from "./commands/command.js";
import { cronCommand } from "./commands/cron/index.js";
import { devCommand } from "./commands/dev.js";
import { grantCommand } from "./commands/grant.js";
import { initCommand } from "./commands/init.js";
import { jobsCommand } from "./commands/jobs/index.js";
import { migrateCommand } from "./commands/migrate.js";
import { pauseCommand } from "./commands/pause.js";
import { queuesCommand } from "./commands/queues.js";
import { resumeCommand } from "./commands/resume.js";
import { runCommand } from "./commands/run.js";
import { statsCommand } from "./commands/stats.js";
import { sweepCommand } from "./commands/sweep.js";
import { uninstallCommand } from "./commands/uninstall.js";
import { unlockCommand } from "./commands/unlock.js";
import { workersCommand } from "./commands/workers.js";
import { exitCodes, reportFailure, UsageError, type ExitCode } from "./failure.js";
import { readManifest } from "./packages.js";
import { withoutSecrets } from "./redact.js";
import type { Terminal } from "./terminal.js";

const groups: readonly (readonly [heading: string, makers: readonly CommandMaker[]])[] = [
  ["Project:", [initCommand, codegenCommand]],
  ["Worker:", [runCommand, devCommand]],
  ["Database:", [migrateCommand, grantCommand, uninstallCommand]],
  ["Jobs:", [addCommand, jobsCommand, cronCommand]],
  [
    "Operations:",
    [
      statsCommand,
      queuesCommand,
      workersCommand,
      pauseCommand,
      resumeCommand,
      cleanupCommand,
      sweepCommand,
      unlockCommand,
    ],
  ],
];

/** Runs one command line, without the program's name, and tells what to exit with. */
export async function runCommandLine(args: readonly string[], given: Terminal): Promise<ExitCode> {
  const terminal = withoutSecrets(given, args);
  const isJson = args.includes("--json");
  let code: ExitCode = exitCodes.ok;
  const program = makeProgram(terminal, (ended) => {
    code = ended;
  });
  for (const command of withDescendants(program)) {
    command.exitOverride().showHelpAfterError("Run it with --help to see what it takes.");
    command.configureOutput({
      writeOut: (text) => terminal.out(text.trimEnd()),
      writeErr: (text) => {
        if (!isJson) terminal.err(text.trimEnd());
      },
    });
  }
  try {
    await program.parseAsync(args, { from: "user" });
    return code;
  } catch (error) {
    if (!(error instanceof CommanderError)) return reportFailure(terminal, error, isJson);
    if (error.exitCode === 0) return exitCodes.ok;
    // Commander has told it already, but for the form that scripts want.
    const message = error.message.replace(/^error: /u, "");
    if (isJson) reportFailure(terminal, new UsageError(message), isJson);
    return exitCodes.usage;
  }
}

function makeProgram(terminal: Terminal, end: (code: ExitCode) => void): Command {
  const program = new Command("taskwright")
    .description("Typed background jobs in PostgreSQL.")
    .version(readManifest().version)
    .addHelpText("after", "\nStart with: taskwright init");
  for (const [heading, makers] of groups) {
    program.commandsGroup(heading);
    for (const make of makers) program.addCommand(make(terminal, end));
  }
  return program;
}

function withDescendants(command: Command): Command[] {
  return [command, ...command.commands.flatMap(withDescendants)];
}
