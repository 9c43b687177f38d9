import { setTimeout as sleep } from "node:timers/promises";

/** Editors save in several steps: what happens within this time counts as one change. */
const settleMs = 100;

/**
 * Runs now, and again after every change, one run at a time, until the signal aborts.
 * @param run Does the work and tells which files and folders to watch from then on.
 */
export async function watchAndRun(
  run: () => Promise<readonly string[]>,
  signal: AbortSignal,
): Promise<void> {
  const { watch } = await import("chokidar");
  const change = new Change(signal);
  const watched = new Set<string>();
  const watcher = watch([], { ignoreInitial: true });
  watcher.on("all", () => change.happen());
  watcher.on("error", () => change.happen());
  try {
    while (!signal.aborted) {
      change.forget();
      const paths = (await run()).filter((path) => !watched.has(path));
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
  #wake: (() => void) | undefined;

  constructor(signal: AbortSignal) {
    signal.addEventListener("abort", () => this.happen(), { once: true });
  }

  happen(): void {
    this.#hasHappened = true;
    this.#wake?.();
  }

  forget(): void {
    this.#hasHappened = false;
  }

  async wait(): Promise<void> {
    if (this.#hasHappened) return;
    await new Promise<void>((resolve) => {
      this.#wake = resolve;
    });
    this.#wake = undefined;
  }
}
