import { loadWorkerModule, type WorkerModule } from "./worker-module.js";

/**
 * Loads the worker's module in a thread as `taskwright run` does, TypeScript or not.
 * @param url Of this module, with the file in its query.
 */
export function loadForThread(url: string): Promise<WorkerModule> {
  return loadWorkerModule(new URL(url).searchParams.get("file") ?? "");
}
