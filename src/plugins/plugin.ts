import { checkListeners } from "../event-names.js";
import type { WorkerListeners } from "../events.js";
import { anything, arrayOf, func, name, record, type Rule, type Rules } from "../option-rules.js";
import { checkOptions, refuseOption } from "../options.js";
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

/** Each option's rule. */
const rules = {
  name: name().required(),
  on: record<WorkerListeners>("an object with a function for each event"),
  enqueue: func<EnqueueInterceptor>(),
  run: func<RunInterceptor>(),
  settle: func<SettleInterceptor>(),
} satisfies Rules<Plugin>;

/** The rule of the option `plugins`; {@link checkPlugins} looks at each plugin. */
export const pluginsRule = (): Rule<readonly Plugin[]> => arrayOf(anything<Plugin>(), "plugins");

/**
 * Checks the plugins in an option.
 * @param owner The function whose option it is, for messages.
 * @throws TaskwrightError `OPTION_INVALID`, `OPTION_UNKNOWN`
 */
export function checkPlugins(owner: string, plugins: readonly unknown[]): void {
  const names = new Set<string>();
  for (const [index, given] of plugins.entries()) {
    const plugin = checkOptions(nameOf(given) ?? `${owner}.plugins[${index}]`, given, rules);
    if (plugin.on !== undefined) checkListeners(`Plugin ${plugin.name}`, plugin.on);
    if (names.has(plugin.name)) {
      refuseOption(owner, "plugins", `without a second plugin "${plugin.name}"`);
    }
    names.add(plugin.name);
  }
}

/** For messages. */
function nameOf(plugin: unknown): string | undefined {
  try {
    const { name } = plugin as { readonly name?: unknown };
    return typeof name === "string" && name !== "" ? `Plugin ${name}` : undefined;
  } catch {
    return undefined;
  }
}
