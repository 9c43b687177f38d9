import path from "node:path";
import { Option } from "commander";
import type { ResolvedConfig } from "../../config.js";
import { compile, compiledPaths } from "../compile.js";
import { DevDatabase } from "../dev/database.js";
import { DevWorker } from "../dev/worker.js";
import { exitCodes, reportFailure, UsageError, type ExitCode } from "../failure.js";
import { logLevels, type LogLevel } from "../logger.js";
import { requirePackages, taskPackages, typeScriptPackages, watchPackages } from "../packages.js";
import { hide } from "../redact.js";
import { ScratchServer } from "../scratch.js";
import { shownUrl } from "../secrets.js";
import { addDatabaseOptions, checkUrl, readConfig, type DatabaseFlags } from "../session.js";
import { paint, type Terminal } from "../terminal.js";
import { watchAndRun } from "../watch.js";
import { findWorkerFile } from "../worker-module.js";
import { describeCommand, type CommandMaker } from "./command.js";

interface Flags extends DatabaseFlags {
  readonly logLevel: LogLevel;
}

export const devCommand: CommandMaker = (terminal, end) => {
  const command = describeCommand({
    name: "dev",
    description: `Develop: a database, codegen that follows the schemas, and a worker that restarts.

Unless a database is named, an embedded PostgreSQL serves, which is thrown away at the end. Its
password is new each time; a file that only you can read holds its URL. Other commands of this project
find it there by themselves, as long as no database is named. The worker is that of taskwright run; it
starts again whenever a source file below the config changes, its jobs having ended. A schema that is
refused leaves it as it is.`,
    examples: `
      taskwright dev src/worker.ts
      taskwright add send_email --file mail.json     in another terminal
      taskwright dev --connection postgres://localhost/app_dev     a database that stays`,
  })
    .argument("[file]", 'the module with the handlers; default: "handlers" of the config')
    .addOption(
      new Option("--log-level <level>", "the least to log").choices(logLevels).default("debug"),
    );
  return addDatabaseOptions(command).action(async (file: string | undefined) => {
    const flags = command.opts<Flags>();
    if (flags.json === true) throw new UsageError("--json is for commands that end by themselves.");
    end(await dev(terminal, flags, file));
  });
};

async function dev(terminal: Terminal, flags: Flags, named: string | undefined): Promise<ExitCode> {
  const { cwd, signal, program } = terminal;
  requirePackages([...watchPackages, ...taskPackages, ...typeScriptPackages], cwd);
  let config = await readConfig(flags, terminal);
  if (config.connectionString !== undefined) checkUrl(config.connectionString);
  const file = findWorkerFile(config, cwd, named);
  await using database = await DevDatabase.open(config.connectionString, config.root);
  const { connectionString, accessFile } = database;
  hide(terminal, connectionString);
  terminal.err(`database: ${shownUrl(connectionString)}`);
  if (accessFile !== undefined) {
    const shown = path.relative(cwd, accessFile);
    const file = shown.startsWith("..") ? accessFile : shown;
    terminal.err(`It lasts until you end this. The URL with its password is in ${file}`);
  }
  await using worker = new DevWorker({
    terminal,
    program,
    connectionString,
    args: toRunArguments(flags, config, file),
  });
  await using scratch = new ScratchServer(connectionString);
  const run = async (changed: readonly string[]) => {
    try {
      config = await readConfig(flags, terminal);
      const isReady = !concernsCodegen(config, changed) || (await isCompiled(config));
      if (isReady && !signal.aborted) await worker.restart();
    } catch (error) {
      reportFailure(terminal, error, false);
    }
    return [config.root, ...compiledPaths(config)];
  };
  const isCompiled = async (config: ResolvedConfig) =>
    (await compile({}, config, scratch, terminal)) === exitCodes.ok;
  await watchAndRun(run, signal, (given, isFile) => isForeign(config, given, isFile));
  terminal.err(paint(terminal, "dim", "ending"));
  return exitCodes.ok;
}

function toRunArguments(flags: Flags, config: ResolvedConfig, file: string): string[] {
  const { schema, logLevel } = flags;
  return [
    file,
    "--log-level",
    logLevel,
    ...(config.file === undefined ? [] : ["--config", config.file]),
    ...(schema === undefined ? [] : ["--schema", schema]),
  ];
}

/** Whether there is something to compile: at the start, and when its sources have changed. */
function concernsCodegen(config: ResolvedConfig, changed: readonly string[]): boolean {
  if (changed.length === 0) return true;
  return changed.some((file) => compiledPaths(config).some((source) => isWithin(source, file)));
}

const sourceFile = /\.(?:[cm]?[jt]sx?|json|sql)$/u;

/** What is no source: packages, hidden files, what codegen writes, and files of other kinds. */
function isForeign(config: ResolvedConfig, given: string, isFile: boolean): boolean {
  const { root, output, queries, crontab } = config;
  if (given === crontab || compiledPaths(config).includes(given)) return false;
  const parts = path.relative(root, given).split(path.sep);
  const isHidden = parts.some((part) => part === "node_modules" || /^\.[^.]/u.test(part));
  const written = [output, queries?.output, queries?.migrationsOutput];
  const isWritten = written.some((folder) => folder !== undefined && isWithin(folder, given));
  return isHidden || isWritten || (isFile && !sourceFile.test(given));
}

function isWithin(folder: string, file: string): boolean {
  const relative = path.relative(folder, file);
  return relative === "" || !(relative.startsWith("..") || path.isAbsolute(relative));
}
