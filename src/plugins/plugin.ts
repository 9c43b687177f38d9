import type { WorkerListeners } from "../events.js";
import { refuseOption, refuseUnknownOptions } from "../options.js";
import type { EnqueueInterceptor } from "./enqueue.js";
import type { RunInterceptor } from "./run.js";
import type { SettleInterceptor } from "./settle.js";

/**
 * A plugin: a plain object, given to a worker, to a client or to both. Where there are several, the
 * first one's interceptors are outermost and its listeners are called first.
 */
export interface Plugin {
  /** For messages. */
  readonly name: string;
  /** Listeners of a worker's events; a client has none. */
  readonly on?: WorkerListeners;
  /**
   * Stands around each job that a client adds, or a handler through its context. Not around those
   * that the scheduler adds: they are added in one statement with the tick that they are for, by
   * whichever worker, ours or a peer's, is first. `run` stands around these too, with `ctx.cron`.
   */
  readonly enqueue?: EnqueueInterceptor;
  /** Stands around each call of a worker's handler. */
  readonly run?: RunInterceptor;
  /** Decides what is written down of a job that has run. */
  readonly settle?: SettleInterceptor;
}

const known: readonly string[] = [
  "name",
  "on",
  "enqueue",
  "run",
  "settle",
] satisfies (keyof Plugin)[];
const interceptors = ["enqueue", "run", "settle"] as const;

/**
 * Checks the option `plugins`.
 * @param owner The function whose option it is, for messages.
 * @throws TaskwrightError `OPTION_INVALID`, `OPTION_UNKNOWN`
 */
export function checkPlugins(owner: string, plugins: unknown): asserts plugins is Plugin[] {
  if (!Array.isArray(plugins)) refuseOption(owner, "plugins", "an array of plugins");
  const names = new Set<string>();
  for (const plugin of plugins as unknown[]) {
    const name = checkPlugin(owner, plugin);
    if (names.has(name)) refuseOption(owner, "plugins", `without a second plugin "${name}"`);
    names.add(name);
  }
}

function checkPlugin(owner: string, plugin: unknown): string {
  if (typeof plugin !== "object" || plugin === null) {
    refuseOption(owner, "plugins", "an array of objects");
  }
  const { name, on = {} } = plugin as { readonly name?: unknown; readonly on?: unknown };
  if (typeof name !== "string" || name === "") {
    refuseOption(owner, "plugins", "an array of plugins with a name each");
  }
  const whose = `Plugin ${name}`;
  refuseUnknownOptions(whose, plugin, known);
  for (const step of interceptors) {
    const interceptor = (plugin as Partial<Record<string, unknown>>)[step];
    if (interceptor !== undefined && typeof interceptor !== "function") {
      refuseOption(whose, step, "a function");
    }
  }
  checkListeners(whose, on);
  return name;
}

/** @throws TaskwrightError `OPTION_INVALID` */
export function checkListeners(owner: string, on: unknown): void {
  const isObject = typeof on === "object" && on !== null;
  const listeners: unknown[] = isObject ? Object.values(on) : [undefined];
  if (!isObject || listeners.some((l) => l !== undefined && typeof l !== "function")) {
    refuseOption(owner, "on", "an object with a function for each event");
  }
}
