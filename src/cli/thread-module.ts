/** What `taskwright run` has its threads import: the worker's module, TypeScript or not, loaded as `run` does. */
import { loadWorkerModule } from "./worker-module.js";

const file = new URL(import.meta.url).searchParams.get("file") ?? "";

export const { handlers, app, options } = await loadWorkerModule(file);
