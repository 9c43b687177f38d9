import path from "node:path";
import { pathToFileURL } from "node:url";
import { TaskwrightError, toError } from "../errors.js";
import { requirePackages, typeScriptPackages } from "./packages.js";

/**
 * Imports a TypeScript module's default export, as it is on disk now. Node reads TypeScript by
 * itself from 22.18 on; before that jiti does, which the project must have installed.
 * @throws TaskwrightError `CONFIG_INVALID`, `PACKAGE_MISSING`
 */
export async function importTypeScript(file: string): Promise<unknown> {
  const name = path.basename(file);
  const module = await (readsTypeScript() ? importNatively(file) : importByJiti(file)).catch(
    (error: unknown) => {
      if (error instanceof TaskwrightError) throw error;
      const message = `${name} can't be loaded: ${toError(error).message}`;
      throw new TaskwrightError("CONFIG_INVALID", message, { file }, { cause: error });
    },
  );
  if (typeof module === "object" && module !== null && "default" in module) return module.default;
  throw new TaskwrightError(
    "CONFIG_INVALID",
    `${name} has no default export. Write: export default defineConfig({ … });`,
    { file },
  );
}

function readsTypeScript(): boolean {
  return "typescript" in process.features && Boolean(process.features.typescript);
}

function importNatively(file: string): Promise<unknown> {
  const url = pathToFileURL(file);
  // Node keeps what it has imported; another query makes it look at the file again.
  url.search = `?t=${Date.now()}`;
  return import(url.href);
}

async function importByJiti(file: string): Promise<unknown> {
  requirePackages(typeScriptPackages, path.dirname(file));
  const { createJiti } = await import("jiti");
  return createJiti(import.meta.url, { fsCache: false, moduleCache: false }).import(file);
}
