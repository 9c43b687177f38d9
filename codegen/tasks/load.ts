import { readdir, readFile } from "node:fs/promises";
import path from "node:path";
import { parseJson, type JsonDocument } from "../json.js";
import type { Problem } from "../problem.js";

/** One schema file that is JSON. */
export interface SchemaFile {
  /** File name without its extension: the task's identifier, unless `x-task` has another. */
  readonly name: string;
  /** Path relative to the project's root, with forward slashes. */
  readonly relativePath: string;
  readonly document: JsonDocument;
}

const extension = ".json";

/** Reads every `.json` file of the folder, in the order of their names. */
export async function loadSchemas(
  root: string,
  folder: string,
): Promise<{ files: SchemaFile[]; problems: Problem[] }> {
  const files: SchemaFile[] = [];
  const problems: Problem[] = [];
  const relativeFolder = relativePath(root, folder);
  let names: string[];
  try {
    names = (await readdir(folder)).filter((name) => name.endsWith(extension)).sort();
  } catch (error) {
    if (!(error instanceof Error && "code" in error && error.code === "ENOENT")) throw error;
    const message = `There is no folder ${relativeFolder}.`;
    const hint =
      "Create it and put one JSON Schema for each task into it, or set `schemas` in taskwright.config.json.";
    return { files, problems: [{ file: relativeFolder, rule: "schemas-missing", message, hint }] };
  }
  for (const name of names) {
    const file = path.join(folder, name);
    const result = parseJson(await readFile(file, "utf8"));
    const place = relativePath(root, file);
    if (result.ok) {
      const { document } = result;
      files.push({ name: name.slice(0, -extension.length), relativePath: place, document });
    } else {
      const { message, position } = result;
      const hint = "Mend the JSON at this place; comments and trailing commas are no part of it.";
      problems.push({ file: place, ...position, rule: "not-json", message, hint });
    }
  }
  return { files, problems };
}

function relativePath(root: string, file: string): string {
  return path.relative(root, file).split(path.sep).join("/");
}
