import path from "node:path";
import { pathToFileURL } from "node:url";
import { TaskwrightError, toError } from "../errors.js";
import { findCacheFolder } from "./cache.js";
import { readManifest, requirePackages, typeScriptPackages } from "./packages.js";

/**
 * Imports a module of the project's as it is on disk now, TypeScript included. TypeScript is read by
 * jiti, which the project must have installed: Node reads it by itself only from 22.18 on, and even
 * then doesn't find the `.ts` file behind an import of `./x.js`.
 * @throws TaskwrightError `CONFIG_INVALID`, `PACKAGE_MISSING`
 */
export async function importModule(file: string): Promise<Readonly<Record<string, unknown>>> {
  try {
    return await (/\.[cm]?tsx?$/u.test(file) ? importByJiti(file) : importNatively(file));
  } catch (error) {
    if (TaskwrightError.is(error)) throw error;
    const message = `${path.basename(file)} can't be loaded: ${toError(error).message}`;
    throw new TaskwrightError("CONFIG_INVALID", message, { file }, { cause: error });
  }
}

/**
 * Imports a module's default export.
 * @throws TaskwrightError `CONFIG_INVALID`, `PACKAGE_MISSING`
 */
export async function importDefault(file: string): Promise<unknown> {
  const module = await importModule(file);
  if ("default" in module) return module["default"];
  throw new TaskwrightError(
    "CONFIG_INVALID",
    `${path.basename(file)} has no default export. Write: export default defineConfig({ … });`,
    { file },
  );
}

function importNatively(file: string): Promise<Readonly<Record<string, unknown>>> {
  const url = pathToFileURL(file);
  // Node keeps what it has imported; another query makes it look at the file again.
  url.search = `?t=${Date.now()}`;
  return import(url.href) as Promise<Readonly<Record<string, unknown>>>;
}

async function importByJiti(file: string): Promise<Readonly<Record<string, unknown>>> {
  requirePackages(typeScriptPackages, path.dirname(file));
  const { createJiti } = await import("jiti");
  const cache = findCacheFolder(path.dirname(file));
  const jiti = createJiti(import.meta.url, {
    // What was compiled is kept by its content; modules are not kept, since they may change. jiti's own
    // choice, a folder of a fixed name among the temporary files, may be another user's.
    fsCache: cache === undefined ? false : path.join(cache, "jiti"),
    moduleCache: false,
    virtualModules: await ownModules(),
  });
  return jiti.import<Readonly<Record<string, unknown>>>(file);
}

/** The package's own modules by their names: a project's code gets the copy that runs. */
async function ownModules(): Promise<Record<string, unknown>> {
  const { name, exports } = readManifest();
  const specifiers = Object.keys(exports)
    .filter((key) => !key.endsWith(".json"))
    .map((key) => `${name}${key.slice(1)}`);
  const modules = await Promise.all(
    specifiers.map(async (specifier) => [specifier, (await import(specifier)) as unknown]),
  );
  return Object.fromEntries(modules) as Record<string, unknown>;
}
