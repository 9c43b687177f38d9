import { Command, Option } from "commander";
import { compile, compiledPaths } from "../compile.js";
import { exitCodes, reportFailure, type ExitCode } from "../failure.js";
import { requirePackages, watchPackages } from "../packages.js";
import { ScratchServer } from "../scratch.js";
import { readConfig } from "../session.js";
import { paint, type Terminal } from "../terminal.js";
import { watchAndRun } from "../watch.js";

interface Flags {
  readonly check?: boolean;
  readonly watch?: boolean;
  readonly force?: boolean;
  readonly json?: boolean;
  readonly config?: string;
  readonly schemas?: string;
  readonly output?: string;
  readonly schema?: string;
  readonly connection?: string;
}

const examples = `
Examples:
  taskwright codegen                    compile schemas/ into generated/tasks
  taskwright codegen --check            fail when generated code is stale; for CI
  taskwright codegen --watch            compile again whenever a schema changes
  taskwright codegen --schema jobs      enqueue into the database schema "jobs"

Exit codes: 0 done or fresh, 1 problems or stale files, 2 wrong usage.`;

export function codegenCommand(terminal: Terminal, end: (code: ExitCode) => void): Command {
  return new Command("codegen")
    .description("Compile task schemas into typed helpers, handlers and validators.")
    .option("--check", "write nothing; fail and name each file that is stale")
    .addOption(new Option("--watch", "follow the folders and compile again").conflicts("check"))
    .addOption(
      new Option(
        "--force",
        "overwrite and remove also files that were edited or that codegen didn't write",
      ).conflicts(["check", "watch"]),
    )
    .option("--config <file>", "config file (default: taskwright.config.json or .ts)")
    .option("--schemas <folder>", "folder of the JSON Schemas")
    .option("--output <folder>", "folder for the generated tasks")
    .option("--schema <name>", "database schema that the helpers enqueue into")
    .option(
      "--connection <url>",
      "server for checking queries (default: DATABASE_URL, or embedded)",
    )
    .addOption(new Option("--json", "print one JSON object").conflicts("watch"))
    .addHelpText("after", examples)
    .action(async (flags: Flags) => {
      end(await (flags.watch === true ? watch(flags, terminal) : runOnce(flags, terminal)));
    });
}

async function runOnce(flags: Flags, terminal: Terminal): Promise<ExitCode> {
  const config = await readConfig(flags, terminal);
  await using scratch = new ScratchServer(config.connectionString);
  return await compile(flags, config, scratch, terminal);
}

/** Compiles now and after every change, until the user ends it. Errors are told, and waited out. */
async function watch(flags: Flags, terminal: Terminal): Promise<ExitCode> {
  requirePackages(watchPackages, terminal.cwd);
  let config = await readConfig(flags, terminal);
  await using scratch = new ScratchServer(config.connectionString);
  const run = async () => {
    try {
      config = await readConfig(flags, terminal);
      await compile(flags, config, scratch, terminal);
    } catch (error) {
      reportFailure(terminal, error, false);
    }
    terminal.err(paint(terminal, "dim", "watching for changes; Ctrl+C ends"));
    return compiledPaths(config);
  };
  await watchAndRun(run, terminal.signal);
  return exitCodes.ok;
}
