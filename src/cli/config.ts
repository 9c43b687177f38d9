import { access, readFile } from "node:fs/promises";
import path from "node:path";
import { pathToFileURL } from "node:url";
import { resolveConfig, type ResolvedConfig } from "../config.js";
import { TaskwrightError, toError } from "../errors.js";
import { importTypeScript } from "./typescript.js";

/** A project's config, and the folder that its paths are relative to. */
export interface Project {
  readonly root: string;
  readonly config: ResolvedConfig;
}

const fileNames = ["taskwright.config.json", "taskwright.config.ts"];

/**
 * Reads the given config file, or the one in the current folder; without one the defaults hold.
 * @throws TaskwrightError `CONFIG_INVALID`
 */
export async function loadProject(given: string | undefined): Promise<Project> {
  const file = given === undefined ? await findConfig(process.cwd()) : path.resolve(given);
  if (file === undefined) return { root: process.cwd(), config: resolveConfig({}, "the defaults") };
  const name = path.relative(process.cwd(), file) || file;
  const content = file.endsWith(".json")
    ? await readJson(file, name)
    : await importTypeScript(pathToFileURL(file));
  return { root: path.dirname(file), config: resolveConfig(content, name) };
}

async function findConfig(folder: string): Promise<string | undefined> {
  const found: string[] = [];
  for (const name of fileNames) {
    const file = path.join(folder, name);
    const isThere = await access(file).then(
      () => true,
      () => false,
    );
    if (isThere) found.push(file);
  }
  if (found.length < 2) return found[0];
  throw new TaskwrightError(
    "CONFIG_INVALID",
    `There are two config files: ${fileNames.join(" and ")}. Remove one.`,
    { files: fileNames },
  );
}

async function readJson(file: string, name: string): Promise<unknown> {
  try {
    return JSON.parse(await readFile(file, "utf8"));
  } catch (error) {
    const { message } = toError(error);
    throw new TaskwrightError(
      "CONFIG_INVALID",
      `${name} can't be read: ${message}`,
      { file: name },
      { cause: error },
    );
  }
}
