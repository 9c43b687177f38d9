import type * as chokidar from "chokidar";
import { toError } from "../errors.js";
import { importOptional } from "./optional.js";
import type { Terminal } from "./terminal.js";

/** Editors write a file in several steps; these milliseconds make one change of them. */
const settleMs = 100;

/**
 * Runs a step at once and again after changes in the folders, until SIGINT or SIGTERM. A step that
 * fails is reported, and the watch goes on; a change during a step makes another step follow.
 */
export async function watchFolders(
  folders: readonly string[],
  terminal: Terminal,
  step: () => Promise<void>,
): Promise<void> {
  const { watch } = await importOptional<typeof chokidar>("chokidar", () => import("chokidar"));
  const watcher = watch([...folders], { ignoreInitial: true, ignored: isTemporary });
  await new Promise<void>((resolve) => watcher.once("ready", () => resolve()));
  let isChanged = true;
  let running: Promise<void> | undefined;
  let timer: NodeJS.Timeout | undefined;

  const run = async () => {
    while (isChanged) {
      isChanged = false;
      await step().catch((error: unknown) => terminal.error(toError(error).message));
    }
    running = undefined;
    terminal.print("Watching for changes. Stop with Ctrl+C.");
  };
  watcher.on("all", () => {
    isChanged = true;
    clearTimeout(timer);
    timer = setTimeout(() => {
      running ??= run();
    }, settleMs);
  });
  running = run();
  await new Promise((resolve) => {
    process.once("SIGINT", resolve);
    process.once("SIGTERM", resolve);
  });
  clearTimeout(timer);
  await watcher.close();
  await running;
}

/** What editors leave beside a file while they write it. */
function isTemporary(file: string): boolean {
  return /(?:~|\.swp|\.tmp|\/\.[^/]+)$/u.test(file);
}
