// Threads of a process that doesn't run tsx itself load the handlers by its API.
import { tsImport } from "tsx/esm/api";

export const { handlers, app, options } = await tsImport("./handlers.ts", import.meta.url);
