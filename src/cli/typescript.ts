import { importOptional } from "./optional.js";

/** Imports the default export of a user's TypeScript file, on Nodes that can't do it too. */
export async function importTypeScript(file: URL): Promise<unknown> {
  const loaded: unknown = isNativelyUnderstood()
    ? await import(file.href)
    : await (
        await importOptional<Jiti>("jiti", () => import("jiti"))
      )
        .createJiti(file.href)
        .import(file.pathname);
  return typeof loaded === "object" && loaded !== null && "default" in loaded
    ? loaded.default
    : loaded;
}

interface Jiti {
  createJiti(base: string): { import(file: string): Promise<unknown> };
}

/** Node strips types by itself from 22.18 on. */
function isNativelyUnderstood(): boolean {
  return "typescript" in process.features && Boolean(process.features.typescript);
}
