import { readdir } from "node:fs/promises";
import path from "node:path";
import type { Problem } from "./problem.js";
import { codeOf, readRegular } from "./regular.js";

/** One source file of codegen. */
export interface SourceText {
  /** File name without its extension. */
  readonly name: string;
  /** Path relative to the project's root, with forward slashes. */
  readonly relativePath: string;
  readonly text: string;
}

/** A folder of sources, and how messages speak of it. */
export interface SourceFolder {
  /** The project's root, which the paths in messages are relative to. */
  readonly root: string;
  readonly folder: string;
  /** Extension of the files that count; whatever else lies in the folder is left alone. */
  readonly extension: string;
  /** What the folder is for, and the setting that names it. */
  readonly hint: string;
}

/** Reads a folder's files in the order of their names. What can't be read is a problem. */
export async function readSources({
  root,
  folder,
  extension,
  hint,
}: SourceFolder): Promise<{ files: SourceText[]; problems: Problem[] }> {
  const files: SourceText[] = [];
  const problems: Problem[] = [];
  let names: string[];
  try {
    const entries = await readdir(folder, { withFileTypes: true });
    const isSource = (name: string) => name.endsWith(extension);
    names = entries.flatMap((entry) =>
      isSource(entry.name) && !entry.isDirectory() ? [entry.name] : [],
    );
  } catch (error) {
    const file = relativePath(root, folder);
    const fault = folderFaults.get(codeOf(error));
    if (fault === undefined) throw error;
    return { files, problems: [{ file, rule: "no-folder", message: fault(file), hint }] };
  }
  for (const name of names.sort()) {
    const file = path.join(folder, name);
    const place = relativePath(root, file);
    try {
      const text = decoder.decode(await readRegular(file));
      files.push({ name: name.slice(0, -extension.length), relativePath: place, text });
    } catch (error) {
      problems.push({ file: place, ...unreadable(error) });
    }
  }
  return { files, problems };
}

/** A path as messages and headers show it, the same on every system. */
export function relativePath(root: string, file: string): string {
  return path.relative(root, file).split(path.sep).join("/");
}

/** Keeps a byte order mark: who reads the text must count its characters as they are. */
const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

const folderFaults: ReadonlyMap<unknown, (folder: string) => string> = new Map([
  ["ENOENT", (folder) => `There is no folder ${folder}.`],
  ["ENOTDIR", (folder) => `${folder} is a file, where a folder is expected.`],
  ["EACCES", (folder) => `The folder ${folder} may not be read.`],
]);

function unreadable(error: unknown): Pick<Problem, "rule" | "message" | "hint"> {
  if (codeOf(error) === "ERR_ENCODING_INVALID_ENCODED_DATA") {
    return {
      rule: "not-utf-8",
      message: "The file is not encoded in UTF-8.",
      hint: "Save it as UTF-8.",
    };
  }
  const reason =
    codeOf(error) === "ENOENT"
      ? "It is a link to nothing"
      : error instanceof Error
        ? error.message
        : String(error);
  return {
    rule: "unreadable-file",
    message: `The file can't be read: ${reason}.`,
    hint: "See to it that it exists and may be read, or remove it.",
  };
}
