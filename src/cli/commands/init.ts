import { spawn } from "node:child_process";
import { access, mkdir, readFile, writeFile } from "node:fs/promises";
import path from "node:path";
import { TaskwrightError } from "../../errors.js";
import { codegenPackages, readManifest } from "../optional.js";
import type { Terminal } from "../terminal.js";

export interface InitFlags {
  /** Off by `--no-install`. */
  readonly install: boolean;
}

const exampleSchema = {
  $schema: "https://json-schema.org/draft/2020-12/schema",
  description: "Send one transactional email.",
  type: "object",
  properties: {
    to: { type: "string", format: "email" },
    subject: { type: "string" },
    body: { type: "string" },
  },
  required: ["to", "subject", "body"],
  additionalProperties: false,
  "x-task": { queueName: "mail:{to}", maxAttempts: 5, timeout: "30s" },
};

const exampleConfig = { schemas: "schemas", output: "generated/tasks", schema: "graphile_worker" };

const scripts = { codegen: "taskwright codegen", "codegen:check": "taskwright codegen --check" };

/** How each package manager is recognised, and what it calls an install. */
const packageManagers = [
  { name: "pnpm", lockFile: "pnpm-lock.yaml" },
  { name: "yarn", lockFile: "yarn.lock" },
  { name: "bun", lockFile: "bun.lock" },
  { name: "npm", lockFile: "package-lock.json" },
];

interface PackageJson {
  scripts?: Record<string, string>;
  devDependencies?: Record<string, string>;
  dependencies?: Record<string, string>;
}

/** Sets the project in the current folder up. Returns the exit code. */
export async function runInit({ install }: InitFlags, terminal: Terminal): Promise<number> {
  const root = process.cwd();
  const isChanged = await updatePackageJson(root, terminal);
  await writeNew(root, "taskwright.config.json", toJson(exampleConfig), terminal);
  await writeNew(root, "schemas/send_email.json", toJson(exampleSchema), terminal);
  const manager = await findPackageManager(root);
  if (isChanged && install) {
    terminal.print(`running ${manager} install`);
    const code = await run(manager, ["install"], root);
    if (code !== 0) {
      terminal.error(`error: ${manager} install ended with ${code}. Run it again, then go on.`);
      return 1;
    }
  } else if (isChanged) {
    terminal.print(`Next: ${manager} install`);
  }
  terminal.print("Next: npx taskwright codegen");
  return 0;
}

/** Adds scripts and packages that aren't there yet. */
async function updatePackageJson(root: string, terminal: Terminal): Promise<boolean> {
  const file = path.join(root, "package.json");
  const text = await readFile(file, "utf8").catch(() => {
    throw new TaskwrightError(
      "CONFIG_INVALID",
      "There is no package.json here. Run `npm init` first, or go to the project's folder.",
      { file },
    );
  });
  const manifest = JSON.parse(text) as PackageJson;
  const { peerDependencies } = await readManifest();
  const wanted = Object.fromEntries(
    codegenPackages.map((name) => [name, peerDependencies[name] ?? "*"]),
  );
  const updated = {
    ...manifest,
    scripts: { ...scripts, ...manifest.scripts },
    devDependencies: { ...withoutKeys(wanted, manifest.dependencies), ...manifest.devDependencies },
  };
  if (JSON.stringify(updated) === JSON.stringify(manifest)) return false;
  const indent = /^(?<indent>[ \t]+)"/mu.exec(text)?.groups?.["indent"] ?? "  ";
  await writeFile(file, `${JSON.stringify(updated, undefined, indent)}\n`);
  terminal.print("updated package.json");
  return true;
}

async function writeNew(
  root: string,
  name: string,
  text: string,
  terminal: Terminal,
): Promise<void> {
  const file = path.join(root, name);
  await mkdir(path.dirname(file), { recursive: true });
  try {
    await writeFile(file, text, { flag: "wx" });
    terminal.print(`wrote ${name}`);
  } catch (error) {
    if (!(error instanceof Error && "code" in error && error.code === "EEXIST")) throw error;
    terminal.print(`left ${name} as it is`);
  }
}

async function findPackageManager(root: string): Promise<string> {
  for (const { name, lockFile } of packageManagers) {
    const isThere = await access(path.join(root, lockFile)).then(
      () => true,
      () => false,
    );
    if (isThere) return name;
  }
  return "npm";
}

function run(program: string, args: readonly string[], cwd: string): Promise<number | null> {
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, {
      cwd,
      stdio: "inherit",
      shell: process.platform === "win32",
    });
    child.once("error", reject);
    child.once("exit", resolve);
  });
}

function withoutKeys(
  entries: Record<string, string>,
  others: Readonly<Record<string, string>> = {},
): Record<string, string> {
  return Object.fromEntries(Object.entries(entries).filter(([key]) => !Object.hasOwn(others, key)));
}

function toJson(value: unknown): string {
  return `${JSON.stringify(value, undefined, 2)}\n`;
}
