import path from "node:path";
import { formatTypeScript, generatedHeader } from "../format.js";
import type { OutputFile } from "../output.js";
import type { SqlFile } from "./load.js";

/**
 * The migrations as a module, so that the runtime reads no file: bundlers and read-only file
 * systems are fine with it.
 */
export async function emitMigrations(
  files: readonly SqlFile[],
  outputPath: string,
): Promise<OutputFile> {
  const entries = files.map(
    ({ subject, text }) => `${JSON.stringify(subject)}: ${toTemplate(text)}`,
  );
  const source = `${generatedHeader("sql/migrations")}
/** The text of each migration, by file name, in the order in which they apply. */
export const migrations = {\n${entries.join(",\n")}\n} as const;\n`;
  return { path: path.resolve(outputPath), text: await formatTypeScript(source) };
}

function toTemplate(text: string): string {
  return `\`${text.replaceAll("\\", "\\\\").replaceAll("`", "\\`").replaceAll("${", "\\${")}\``;
}
