import { lstat, mkdir, rename, rm, stat, writeFile } from "node:fs/promises";
import path from "node:path";
import { hashOf, makeManifest, manifestName, readManifest, type Written } from "./manifest.js";
import type { OutputFile } from "./output.js";
import { codeOf, NotRegular, readRegular } from "./regular.js";

/** A file that isn't, or wasn't, what codegen makes of its sources. */
export interface StaleFile {
  readonly path: string;
  readonly reason: "missing" | "differs" | "left over";
}

/** All files of one output folder, and of the folders below it. */
export interface OutputFolder {
  readonly folder: string;
  readonly files: readonly OutputFile[];
}

/** What is in the way of the output. */
export interface Obstacle {
  readonly path: string;
  /**
   * `foreign`: codegen didn't write it. `edited`: codegen wrote it, and somebody has changed it since.
   * `blocked`: it is no file at all, and stays even when files are overwritten.
   */
  readonly kind: "foreign" | "edited" | "blocked";
}

/** What is to be done to the disk, and what is in the way. */
export interface WritePlan {
  readonly files: readonly OutputFile[];
  readonly stale: readonly StaleFile[];
  readonly obstacles: readonly Obstacle[];
}

/** Compares the wanted files, and the record of those that were written before, with the disk. */
export async function planWrites(folders: readonly OutputFolder[]): Promise<WritePlan> {
  const all: OutputFile[] = [];
  const stale: StaleFile[] = [];
  const obstacles: Obstacle[] = [];
  for (const { folder, files } of folders) {
    const manifest = makeManifest(folder, files);
    const written = readManifest(folder, await readIfFile(manifest.path));
    for (const file of [...files, manifest]) {
      all.push(file);
      const { reason, obstacle } = await compare(file, written);
      if (reason !== undefined) stale.push({ path: file.path, reason });
      if (obstacle !== undefined) obstacles.push({ path: file.path, kind: obstacle });
    }
    for (const file of findLeftOver(folder, files, written)) {
      const text = await readIfFile(file);
      if (text === undefined) continue;
      stale.push({ path: file, reason: "left over" });
      if (hashOf(text) !== written.get(file)) obstacles.push({ path: file, kind: "edited" });
    }
  }
  for (const folder of new Set(all.map((file) => path.dirname(file.path)))) {
    if ((await kindOf(folder)) === "file") obstacles.push({ path: folder, kind: "blocked" });
  }
  return { files: all, stale, obstacles };
}

/**
 * Brings the disk to the wanted state. All new texts are on disk before the first file is replaced, so
 * that a full disk leaves everything as it was.
 */
export async function carryOut({ files, stale }: WritePlan): Promise<void> {
  const texts = new Map(files.map((file) => [file.path, file.text]));
  const staged: { file: string; temporary: string }[] = [];
  try {
    for (const { path: file } of stale) {
      const text = texts.get(file);
      if (text === undefined) continue;
      const temporary = `${file}.${process.pid}.tmp`;
      await mkdir(path.dirname(file), { recursive: true });
      await rm(temporary, { force: true });
      staged.push({ file, temporary });
      await writeFile(temporary, text, { flag: "wx" });
    }
  } catch (error) {
    for (const { temporary } of staged) await rm(temporary, { force: true });
    throw error;
  }
  for (const { file, temporary } of staged) await rename(temporary, file);
  for (const { path: file, reason } of stale) if (reason === "left over") await rm(file);
}

async function compare(
  { path: file, text }: OutputFile,
  written: Written,
): Promise<{ reason?: StaleFile["reason"]; obstacle?: Obstacle["kind"] }> {
  const kind = await kindOf(file);
  if (kind === undefined) return { reason: "missing" };
  const current = kind === "file" ? await readIfFile(file) : undefined;
  if (current === undefined) return { obstacle: "blocked" };
  if (current === text) return {};
  // The record itself has no hash: it is only ever codegen's, by its name.
  if (path.basename(file) === manifestName) return { reason: "differs" };
  const hash = written.get(file);
  if (hash === hashOf(current)) return { reason: "differs" };
  return { reason: "differs", obstacle: hash === undefined ? "foreign" : "edited" };
}

/** A record may come from anybody; nothing outside the folder is removed on its word. */
function findLeftOver(
  folder: string,
  files: readonly OutputFile[],
  written: Written,
): readonly string[] {
  const wanted = new Set(files.map((file) => file.path));
  const isBelow = (file: string) => file.startsWith(`${folder}${path.sep}`);
  return [...written.keys()].filter(
    (file) => !wanted.has(file) && isBelow(file) && file.endsWith(".ts"),
  );
}

async function readIfFile(file: string): Promise<string | undefined> {
  try {
    return (await readRegular(file)).toString("utf8");
  } catch (error) {
    if (error instanceof NotRegular || isMissing(error)) return undefined;
    throw error;
  }
}

async function kindOf(file: string): Promise<"file" | "folder" | "other" | undefined> {
  try {
    await lstat(file);
  } catch (error) {
    if (isMissing(error)) return undefined;
    throw error;
  }
  // What a link points to counts; one that points to nothing is in the way.
  const stats = await stat(file).catch(() => undefined);
  return stats?.isFile() ? "file" : stats?.isDirectory() ? "folder" : "other";
}

/** Nothing is there, or not even the folder that it would be in. */
function isMissing(error: unknown): boolean {
  return ["ENOENT", "ENOTDIR"].includes(String(codeOf(error)));
}
