import { createRequire } from "node:module";
import { fileURLToPath } from "node:url";

/** Imports a module by its URL, in whatever way this thread can read it. */
export async function importModule(url: string): Promise<Readonly<Record<string, unknown>>> {
  try {
    return (await import(url)) as Readonly<Record<string, unknown>>;
  } catch (error) {
    if (!(error instanceof Error && "code" in error && error.code === unknownExtension))
      throw error;
    return requireModule(url, error);
  }
}

const unknownExtension = "ERR_UNKNOWN_FILE_EXTENSION";

/** In threads of Node 20, what reads TypeScript in the main thread, such as tsx, does so by `require` alone. */
function requireModule(url: string, unknown: Error): Readonly<Record<string, unknown>> {
  const require = createRequire(import.meta.url);
  if (!(".ts" in require.extensions)) throw unknown;
  return require(fileURLToPath(url)) as Readonly<Record<string, unknown>>;
}
