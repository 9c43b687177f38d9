import { parseJson, type JsonDocument } from "../json.js";
import type { Problem } from "../problem.js";
import type { SourceText } from "../read.js";

/** One schema file that is JSON. */
export interface SchemaFile {
  /** File name without its extension: the task's identifier, unless `x-task` has another. */
  readonly name: string;
  /** Path relative to the project's root, with forward slashes. */
  readonly relativePath: string;
  readonly document: JsonDocument;
}

/** Reads texts as JSON; one that is not is a problem. */
export function parseSchemas(texts: readonly SourceText[]): {
  files: SchemaFile[];
  problems: Problem[];
} {
  const files: SchemaFile[] = [];
  const problems: Problem[] = [];
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
