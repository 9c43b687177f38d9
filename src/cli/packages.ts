import { existsSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import path from "node:path";
import { TaskwrightError } from "../errors.js";
import { readProperty } from "../thrown.js";

/** Packages that compile schemas. They are optional, because a running worker needs none of them. */
export const taskPackages: readonly string[] = [
  "json-schema-to-typescript",
  "jsonc-parser",
  "prettier",
  "recheck",
  "ts-morph",
];
/** Packages that compile annotated SQL. */
export const queryPackages: readonly string[] = ["@pgtyped/parser", "prettier"];
export const watchPackages: readonly string[] = ["chokidar"];
/** Packages that read TypeScript where Node can't. */
export const typeScriptPackages: readonly string[] = ["jiti"];

/**
 * Makes sure that optional packages are installed.
 * @throws TaskwrightError `PACKAGE_MISSING`, naming what is missing and how to install it.
 */
export function requirePackages(names: readonly string[], folder: string): void {
  const missing = [...new Set(names)].filter((name) => !isInstalled(name));
  if (missing.length === 0) return;
  const manager = detectPackageManager(folder);
  const specifiers = missing.map((name) => `${name}@${supportedRange(name)}`);
  throw new TaskwrightError(
    "PACKAGE_MISSING",
    `This needs packages that are not installed: ${missing.join(", ")}. Run: ${manager} ${addArguments(manager, specifiers).join(" ")}`,
    { missing },
  );
}

function isInstalled(name: string): boolean {
  try {
    import.meta.resolve(name);
    return true;
  } catch (error) {
    // A package without a main entry point is found all the same, with another error.
    return readProperty(error, "code") !== "ERR_MODULE_NOT_FOUND";
  }
}

interface Manifest {
  readonly name: string;
  readonly version: string;
  readonly exports: Readonly<Record<string, unknown>>;
  readonly peerDependencies: Readonly<Record<string, string>>;
}

/** Taskwright's own package.json. */
export function readManifest(): Manifest {
  const file = createRequire(import.meta.url).resolve("taskwright/package.json");
  return JSON.parse(readFileSync(file, "utf8")) as Manifest;
}

/** The versions of an optional package that Taskwright works with. */
export function supportedRange(name: string): string {
  return readManifest().peerDependencies[name] ?? "latest";
}

export type PackageManager = "npm" | "pnpm" | "yarn" | "bun";

const lockFiles: readonly (readonly [string, PackageManager])[] = [
  ["pnpm-lock.yaml", "pnpm"],
  ["yarn.lock", "yarn"],
  ["bun.lock", "bun"],
  ["bun.lockb", "bun"],
  ["package-lock.json", "npm"],
];

/** The package manager whose lock file lies in the folder or above it; npm when there is none. */
export function detectPackageManager(folder: string): PackageManager {
  const found = lockFiles.find(([file]) => existsSync(path.join(folder, file)));
  if (found !== undefined) return found[1];
  const parent = path.dirname(folder);
  return parent === folder ? "npm" : detectPackageManager(parent);
}

function addArguments(manager: PackageManager, specifiers: readonly string[]): string[] {
  const isNpm = manager === "npm";
  return [isNpm ? "install" : "add", isNpm ? "--save-dev" : "-D", ...specifiers];
}
