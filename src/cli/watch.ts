import { setTimeout as sleep } from "node:timers/promises";

/** Editors save in several steps: what happens within this time counts as one change. */
const settleMs = 100;

/**
 * Runs now, and again after every change, one run at a time, until the signal aborts.
 * @param run Does the work and tells which files and folders to watch from then on. It is told which
 * files have changed; nothing the first time.
 * @param isIgnored Whether a file or folder is not to be followed. Default: none is.
 */
export async function watchAndRun(
  run: (changed: readonly string[]) => Promise<readonly string[]>,
  signal: AbortSignal,
  isIgnored: (path: string, isFile: boolean) => boolean = () => false,
): Promise<void> {
  const { watch } = await import("chokidar");
  const change = new Change(signal);
  const watched = new Set<string>();
  const watcher = watch([], {
    ignoreInitial: true,
    ignored: (path, stats) => isIgnored(path, stats?.isFile() ?? false),
  });
  watcher.on("all", (_event, path) => change.happen(path));
  watcher.on("error", () => change.happen());
  try {
    while (!signal.aborted) {
      const paths = (await run(change.take())).filter((path) => !watched.has(path));
      for (const path of paths) watched.add(path);
      watcher.add(paths);
      await change.wait();
      await sleep(settleMs, undefined, { signal }).catch(() => undefined);
    }
  } finally {
    await watcher.close();
  }
}

/** Whether something has changed since the last look; the end counts as a change. */
class Change {
  #hasHappened = false;
  #paths = new Set<string>();
  #wake: (() => void) | undefined;

  constructor(signal: AbortSignal) {
    signal.addEventListener("abort", () => this.happen(), { once: true });
  }

  happen(path?: string): void {
    this.#hasHappened = true;
    if (path !== undefined) this.#paths.add(path);
    this.#wake?.();
  }

  /** What has changed since it was asked for last. */
  take(): readonly string[] {
    const paths = [...this.#paths];
    this.#paths = new Set();
    this.#hasHappened = false;
    return paths;
  }

  async wait(): Promise<void> {
    if (this.#hasHappened) return;
    await new Promise<void>((resolve) => {
      this.#wake = resolve;
    });
    this.#wake = undefined;
  }
}
