import { createHash } from "node:crypto";
import path from "node:path";
import { isObject } from "./json.js";
import type { OutputFile } from "./output.js";

/** The file of an output folder that records what codegen wrote there. */
export const manifestName = "taskwright-codegen.json";

/** The hash of each file that codegen wrote, by its absolute path. */
export type Written = ReadonlyMap<string, string>;

/** The record of the files of one output folder, which is itself a file of the output. */
export function makeManifest(folder: string, files: readonly OutputFile[]): OutputFile {
  const entries = files.map(
    ({ path: file, text }) => [toName(folder, file), hashOf(text)] as const,
  );
  const sorted = entries.toSorted(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0));
  const content = {
    comment: "Written by `taskwright codegen`, which changes and removes only what is listed here.",
    files: Object.fromEntries(sorted),
  };
  return { path: path.join(folder, manifestName), text: `${JSON.stringify(content, null, 2)}\n` };
}

/** Reads a record. What is no record lists nothing; then no file counts as written by codegen. */
export function readManifest(folder: string, text: string | undefined): Written {
  const written = new Map<string, string>();
  for (const [name, hash] of Object.entries(filesOf(text))) {
    if (typeof hash === "string") written.set(path.resolve(folder, name), hash);
  }
  return written;
}

/** Line ends don't count: git may change them. */
export function hashOf(text: string): string {
  return createHash("sha256").update(text.replaceAll("\r\n", "\n")).digest("hex");
}

function toName(folder: string, file: string): string {
  return path.relative(folder, file).split(path.sep).join("/");
}

function filesOf(text: string | undefined): Readonly<Record<string, unknown>> {
  try {
    const content: unknown = JSON.parse(text ?? "");
    return isObject(content) && isObject(content["files"]) ? content["files"] : {};
  } catch {
    // Such as a record in which git left the marks of a conflict.
    return {};
  }
}
