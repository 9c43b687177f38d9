import { parseJson, type JsonDocument } from "../json.js";
import type { Problem } from "../problem.js";
import { readSources } from "../read.js";

/** One schema file that is JSON. */
export interface SchemaFile {
  /** File name without its extension: the task's identifier, unless `x-task` has another. */
  readonly name: string;
  /** Path relative to the project's root, with forward slashes. */
  readonly relativePath: string;
  readonly document: JsonDocument;
}

/** Reads every `.json` file of the folder, in the order of their names. */
export async function loadSchemas(
  root: string,
  folder: string,
): Promise<{ files: SchemaFile[]; problems: Problem[] }> {
  const files: SchemaFile[] = [];
  const { files: texts, problems } = await readSources({
    root,
    folder,
    extension: ".json",
    hint: "Put one JSON Schema for each task into a folder, and name it as `schemas` in taskwright.config.json.",
  });
  for (const { name, relativePath, text } of texts) {
    const result = parseJson(text);
    if (result.ok) {
      files.push({ name, relativePath, document: result.document });
    } else {
      const { ok: _ok, position, ...problem } = result;
      problems.push({ file: relativePath, ...position, ...problem });
    }
  }
  return { files, problems };
}
