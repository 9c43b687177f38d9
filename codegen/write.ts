import { mkdir, readdir, readFile, rename, rm, stat, writeFile } from "node:fs/promises";
import path from "node:path";
import { isGenerated } from "./format.js";
import type { OutputFile } from "./output.js";

/** A file that isn't, or wasn't, what codegen makes of its sources. */
export interface StaleFile {
  readonly path: string;
  readonly reason: "missing" | "differs" | "left over";
}

/** Compares the files with what is on disk; a generated file without a source is stale too. */
export async function findStale(
  files: readonly OutputFile[],
  folders: readonly string[],
): Promise<StaleFile[]> {
  const stale: StaleFile[] = [];
  for (const file of files) {
    const current = await readIfThere(file.path);
    if (current === undefined) stale.push({ path: file.path, reason: "missing" });
    else if (current !== file.text) stale.push({ path: file.path, reason: "differs" });
  }
  const wanted = new Set(files.map((file) => file.path));
  for (const folder of folders) {
    for (const name of await listIfThere(folder)) {
      const file = path.join(folder, name);
      if (!name.endsWith(".ts") || wanted.has(file)) continue;
      // Whatever else lies in the folder was put there by somebody, and is theirs.
      if (isGenerated(await readIfThere(file))) stale.push({ path: file, reason: "left over" });
    }
  }
  return stale;
}

/** Files in the way: they stand where output belongs, but were not made by codegen. */
export async function findForeign(
  files: readonly OutputFile[],
  folders: readonly string[],
): Promise<string[]> {
  const foreign: string[] = [];
  for (const folder of new Set([...folders, ...files.map((file) => path.dirname(file.path))])) {
    if ((await kindOf(folder)) === "file") foreign.push(folder);
  }
  for (const { path: file } of files) {
    const kind = await kindOf(file);
    if (kind === "folder") foreign.push(file);
    else if (kind === "file" && !isGenerated(await readIfThere(file))) foreign.push(file);
  }
  return foreign;
}

/**
 * Brings the disk to the wanted state and says what it changed. All new texts are on disk before
 * the first file is replaced, so that a full disk leaves everything as it was.
 */
export async function writeFiles(
  files: readonly OutputFile[],
  folders: readonly string[],
): Promise<StaleFile[]> {
  const stale = await findStale(files, folders);
  const texts = new Map(files.map((file) => [file.path, file.text]));
  const staged: { file: string; temporary: string }[] = [];
  try {
    for (const { path: file } of stale) {
      const text = texts.get(file);
      if (text === undefined) continue;
      const temporary = `${file}.${process.pid}.tmp`;
      await mkdir(path.dirname(file), { recursive: true });
      staged.push({ file, temporary });
      await writeFile(temporary, text);
    }
  } catch (error) {
    for (const { temporary } of staged) await rm(temporary, { force: true });
    throw error;
  }
  for (const { file, temporary } of staged) await rename(temporary, file);
  for (const { path: file, reason } of stale) if (reason === "left over") await rm(file);
  return stale;
}

async function readIfThere(file: string): Promise<string | undefined> {
  try {
    return await readFile(file, "utf8");
  } catch (error) {
    if (isMissing(error)) return undefined;
    throw error;
  }
}

async function listIfThere(folder: string): Promise<string[]> {
  try {
    return await readdir(folder);
  } catch (error) {
    if (isMissing(error)) return [];
    throw error;
  }
}

async function kindOf(file: string): Promise<"file" | "folder" | undefined> {
  try {
    return (await stat(file)).isDirectory() ? "folder" : "file";
  } catch (error) {
    if (isMissing(error)) return undefined;
    throw error;
  }
}

/** Nothing is there, or not even the folder that it would be in. */
function isMissing(error: unknown): boolean {
  const missing: unknown[] = ["ENOENT", "ENOTDIR"];
  return error instanceof Error && "code" in error && missing.includes(error.code);
}
