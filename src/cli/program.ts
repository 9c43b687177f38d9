import { Command, CommanderError } from "commander";
import { TaskwrightError } from "../errors.js";
import { runCodegen, type CodegenFlags } from "./commands/codegen.js";
import { runInit, type InitFlags } from "./commands/init.js";
import { readManifest } from "./optional.js";
import type { Terminal } from "./terminal.js";

/** Exit codes that scripts can trust. */
export const exitCodes = { ok: 0, failed: 1, usage: 2 } as const;

/** Runs the command line and returns its exit code; prints all that there is to say. */
export async function runProgram(args: readonly string[], terminal: Terminal): Promise<number> {
  let exitCode: number = exitCodes.ok;
  const setExitCode = (code: number) => {
    exitCode = code;
  };
  const program = await createProgram(terminal, setExitCode);
  try {
    await program.parseAsync([...args], { from: "user" });
    return exitCode;
  } catch (error) {
    if (error instanceof CommanderError) {
      return error.exitCode === 0 ? exitCodes.ok : exitCodes.usage;
    }
    terminal.error(describeError(error));
    return exitCodes.failed;
  }
}

async function createProgram(
  terminal: Terminal,
  setExitCode: (code: number) => void,
): Promise<Command> {
  const { version } = await readManifest();
  const program = new Command("taskwright")
    .description("Typed background jobs on PostgreSQL.")
    .version(version)
    .exitOverride()
    .showHelpAfterError("(add --help for what it takes)")
    .configureOutput({
      writeOut: (text) => terminal.print(text.trimEnd()),
      writeErr: (text) => terminal.error(text.trimEnd()),
    });
  addCodegen(program, terminal, setExitCode);
  addInit(program, terminal, setExitCode);
  return program;
}

function addCodegen(program: Command, terminal: Terminal, setExitCode: (code: number) => void) {
  program
    .command("codegen")
    .description("Compile the task schemas, and annotated SQL, into TypeScript.")
    .option("--check", "write nothing; exit with 1 and name each file that is stale")
    .option("--watch", "go on, and compile again after each change")
    .option("--config <file>", "config file (default: taskwright.config.json or .ts here)")
    .option(
      "--connection <url>",
      "server on which a scratch database for SQL may be made (default: DATABASE_URL, the config's, or an embedded one)",
    )
    .addHelpText(
      "after",
      `
Exit codes: 0 all is well; 1 the input has problems, or --check found stale files; 2 wrong usage.

Examples:
  $ taskwright codegen
  $ taskwright codegen --check      # in continuous integration
  $ taskwright codegen --watch      # while writing schemas`,
    )
    .action(async (flags: CodegenFlags, command: Command) => {
      if (flags.check === true && flags.watch === true) {
        command.error("error: --check and --watch exclude each other", { exitCode: 2 });
      }
      setExitCode(await runCodegen(flags, terminal));
    });
}

function addInit(program: Command, terminal: Terminal, setExitCode: (code: number) => void) {
  program
    .command("init")
    .description("Set a project up: an example schema, a config file, scripts and packages.")
    .option("--no-install", "write package.json only; install nothing")
    .addHelpText(
      "after",
      `
Files that are there are left as they are.

Examples:
  $ npx taskwright init
  $ npx taskwright init --no-install`,
    )
    .action(async (flags: InitFlags) => {
      setExitCode(await runInit(flags, terminal));
    });
}

/** Errors that say what to do need no stack; the others are bugs. */
function describeError(error: unknown): string {
  if (error instanceof TaskwrightError) return `error: ${error.message}`;
  if (error instanceof Error) return error.stack ?? error.message;
  return String(error);
}
