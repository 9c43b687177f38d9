import { spawn } from "node:child_process";
import { mkdir, readdir, readFile, writeFile } from "node:fs/promises";
import path from "node:path";
import { Command } from "commander";
import { TaskwrightError } from "../../errors.js";
import { readProperty } from "../../thrown.js";
import { exitCodes, type ExitCode } from "../failure.js";
import {
  detectPackageManager,
  readManifest,
  supportedRange,
  taskPackages,
  typeScriptPackages,
  watchPackages,
  type PackageManager,
} from "../packages.js";
import { paint, type Terminal } from "../terminal.js";

interface Flags {
  /** False with `--no-install`. */
  readonly install: boolean;
  readonly json?: boolean;
}

const scripts = { codegen: "taskwright codegen", "codegen:check": "taskwright codegen --check" };

const help = `
It writes schemas/send_email.json and taskwright.config.json, and adds to package.json the scripts
"codegen" and "codegen:check" and the development dependencies that compiling needs. It never overwrites a file, and
leaves entries of package.json that are there as they are.

Examples:
  taskwright init                 set up the project in this folder
  taskwright init --no-install    the same, but leave installing to you`;

export function initCommand(terminal: Terminal, end: (code: ExitCode) => void): Command {
  return new Command("init")
    .description("Set up a project: an example schema, a config file, scripts and dependencies.")
    .option("--no-install", "do not install the added dependencies")
    .option("--json", "print one JSON object")
    .addHelpText("after", help)
    .action(async (flags: Flags) => {
      end(await (flags.json === true ? initAsJson(flags, terminal) : init(flags, terminal)));
    });
}

/** The same, with what it says gathered into one object. */
async function initAsJson(flags: Flags, terminal: Terminal): Promise<ExitCode> {
  const messages: string[] = [];
  const out = (line: string) => {
    if (line !== "") messages.push(line.trim());
  };
  const code = await init(flags, Object.create(terminal, { out: { value: out } }) as Terminal);
  terminal.out(JSON.stringify({ ok: code === exitCodes.ok, messages }));
  return code;
}

async function init(flags: Flags, terminal: Terminal): Promise<ExitCode> {
  const { cwd } = terminal;
  if (!(await hasSchemas(cwd))) {
    await create(terminal, path.join("schemas", "send_email.json"), exampleSchema);
  }
  await create(terminal, "taskwright.config.json", exampleConfig);
  const isChanged = await extendManifest(terminal);
  const manager = detectPackageManager(cwd);
  if (isChanged && flags.install) {
    terminal.err(paint(terminal, "dim", `${manager} install`));
    const code = await runInstall(manager, cwd);
    if (code !== 0) {
      terminal.err(`${manager} install ended with ${code}: run it again, then taskwright codegen.`);
      return exitCodes.failure;
    }
  }
  terminal.out("");
  terminal.out("Next:");
  if (isChanged && !flags.install) terminal.out(`  ${manager} install`);
  terminal.out(`  ${manager} run codegen`);
  return exitCodes.ok;
}

async function hasSchemas(cwd: string): Promise<boolean> {
  try {
    return (await readdir(path.join(cwd, "schemas"))).some((name) => name.endsWith(".json"));
  } catch {
    return false;
  }
}

/** Writes a file unless there is one. */
async function create(terminal: Terminal, name: string, content: object): Promise<void> {
  const file = path.join(terminal.cwd, name);
  await mkdir(path.dirname(file), { recursive: true });
  const shown = name.split(path.sep).join("/");
  try {
    await writeFile(file, `${JSON.stringify(content, null, 2)}\n`, { flag: "wx" });
    terminal.out(`created ${shown}`);
  } catch (error) {
    if (readProperty(error, "code") !== "EEXIST") throw error;
    terminal.out(`kept ${shown}`);
  }
}

/** Adds what is missing to package.json, and tells whether anything was. */
async function extendManifest(terminal: Terminal): Promise<boolean> {
  const file = path.join(terminal.cwd, "package.json");
  const text = await readFile(file, "utf8").catch(() => undefined);
  const manifest = parseManifest(text ?? '{ "private": true, "type": "module" }', file);
  const installed = { ...manifest["dependencies"], ...manifest["devDependencies"] };
  const packages = [...taskPackages, ...watchPackages, ...typeScriptPackages, "typescript"];
  const added = {
    scripts: missingFrom(manifest["scripts"], scripts),
    dependencies: missingFrom(installed, { taskwright: `^${readManifest().version}` }),
    devDependencies: missingFrom(
      installed,
      Object.fromEntries(packages.map((name) => [name, supportedRange(name)])),
    ),
  };
  const names = Object.values(added).flatMap(Object.keys);
  if (names.length === 0) {
    terminal.out("kept package.json");
    return false;
  }
  for (const [section, entries] of Object.entries(added)) {
    if (Object.keys(entries).length === 0) continue;
    const all = { ...manifest[section], ...entries };
    manifest[section] = section === "scripts" ? all : sortKeys(all);
  }
  const indent = /^(?<indent>[ \t]+)"/mu.exec(text ?? "")?.groups?.["indent"] ?? "  ";
  await writeFile(file, `${JSON.stringify(manifest, null, indent)}\n`);
  terminal.out(`${text === undefined ? "created" : "extended"} package.json: ${names.join(", ")}`);
  return true;
}

type Manifest = Record<string, Record<string, string>>;

function parseManifest(text: string, file: string): Manifest {
  try {
    return JSON.parse(text) as Manifest;
  } catch (error) {
    const message = "package.json is not JSON; nothing was added to it.";
    throw new TaskwrightError("CONFIG_INVALID", message, { file }, { cause: error });
  }
}

function missingFrom(
  present: Readonly<Record<string, string>> | undefined,
  wanted: Readonly<Record<string, string>>,
): Record<string, string> {
  const missing = Object.entries(wanted).filter(([name]) => !Object.hasOwn(present ?? {}, name));
  return Object.fromEntries(missing);
}

function sortKeys(record: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(Object.entries(record).sort(([a], [b]) => (a < b ? -1 : 1)));
}

function runInstall(manager: PackageManager, cwd: string): Promise<number> {
  return new Promise((resolve, reject) => {
    // Windows finds npm.cmd only through a shell; there is nothing in the arguments to escape.
    const shell = process.platform === "win32";
    const child = spawn(manager, ["install"], {
      cwd,
      stdio: ["inherit", process.stderr, "inherit"],
      shell,
    });
    child.once("error", (error) => {
      const message = `${manager} can't be run: ${error.message}. Install the packages yourself, or use --no-install.`;
      reject(new TaskwrightError("CONFIG_INVALID", message, { manager }, { cause: error }));
    });
    child.once("close", (code) => resolve(code ?? 1));
  });
}

const exampleSchema = {
  $schema: "https://json-schema.org/draft/2020-12/schema",
  description: "Send one transactional email.",
  type: "object",
  properties: {
    to: { type: "string", format: "email" },
    subject: { type: "string", minLength: 1 },
    body: { type: "string" },
  },
  required: ["to", "subject", "body"],
  additionalProperties: false,
  "x-task": { queueName: "mail:{to}", maxAttempts: 5, timeout: "30s" },
};

const exampleConfig = {
  schemas: "schemas",
  output: "generated/tasks",
  schema: "graphile_worker",
};
