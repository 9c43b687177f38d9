import { format, resolveConfig } from "prettier";
import { writeApi } from "./api.js";
import { writeOptions } from "./options.js";
import { openSources } from "./source.js";

/** The pages that are made from the source, by file. */
export async function writePages(): Promise<Map<string, string>> {
  const project = openSources();
  const pages = { "docs/api.md": writeApi(project), "docs/options.md": writeOptions(project) };
  const written = Object.entries(pages).map(async ([file, text]): Promise<[string, string]> => [
    file,
    await format(text, { ...(await resolveConfig(file)), parser: "markdown" }),
  ]);
  return new Map(await Promise.all(written));
}
