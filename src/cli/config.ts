import { readFile } from "node:fs/promises";
import path from "node:path";
import { TaskwrightError } from "../errors.js";
import { resolveConfig, type ResolvedConfig, type TaskwrightConfig } from "../config.js";
import { messageOf, readProperty } from "../thrown.js";
import { importDefault } from "./typescript.js";

/** The names that a config file may have; a project has one of them at most. */
export const configFileNames: readonly string[] = [
  "taskwright.config.json",
  "taskwright.config.ts",
];

/**
 * Reads the project's config.
 * @param folder Where to look for a config file, when none is named.
 * @param given The file to read, relative to the folder.
 * @param flags What wins over the file; undefined entries don't.
 * @throws TaskwrightError `CONFIG_INVALID`
 */
export async function loadConfig(
  folder: string,
  given: string | undefined,
  flags: TaskwrightConfig = {},
): Promise<ResolvedConfig> {
  const file = given === undefined ? await findFile(folder) : path.resolve(folder, given);
  const root = file === undefined ? folder : path.dirname(file);
  const config = file === undefined ? {} : await readConfig(file);
  const fromFile = resolveConfig(config, root, file);
  const fromFlags = Object.entries(flags).filter(([, value]) => value !== undefined);
  if (fromFlags.length === 0) return fromFile;
  // Paths in flags are relative to where the command was run, not to the config file.
  const paths = new Set(["schemas", "output"]);
  const absolute = fromFlags.map(([key, value]) => [
    key,
    paths.has(key) ? path.resolve(folder, String(value)) : (value as unknown),
  ]);
  return resolveConfig(
    { ...(config as TaskwrightConfig), ...Object.fromEntries(absolute) },
    root,
    file,
  );
}

async function findFile(folder: string): Promise<string | undefined> {
  const found: string[] = [];
  for (const name of configFileNames) {
    const file = path.join(folder, name);
    if ((await readIfThere(file)) !== undefined) found.push(file);
  }
  if (found.length <= 1) return found[0];
  throw new TaskwrightError(
    "CONFIG_INVALID",
    `There are two config files: ${configFileNames.join(" and ")}. Keep one of them.`,
    { files: found },
  );
}

async function readConfig(file: string): Promise<unknown> {
  const text = await readIfThere(file);
  if (text === undefined) {
    throw new TaskwrightError("CONFIG_INVALID", `There is no config file ${file}.`, { file });
  }
  if (!file.endsWith(".json")) return importDefault(file);
  try {
    return JSON.parse(text.replace(/^\uFEFF/u, ""));
  } catch (error) {
    const reason = messageOf(error);
    throw new TaskwrightError(
      "CONFIG_INVALID",
      `${path.basename(file)} is not JSON: ${reason}`,
      { file },
      { cause: error },
    );
  }
}

async function readIfThere(file: string): Promise<string | undefined> {
  try {
    return await readFile(file, "utf8");
  } catch (error) {
    if (readProperty(error, "code") === "ENOENT") return undefined;
    throw error;
  }
}
