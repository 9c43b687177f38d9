import { Pool } from "pg";
import { Database } from "../../database/database.js";
import { TaskwrightError, toError } from "../../errors.js";
import type { ThreadData } from "../../isolation/messages.js";
import type { Logger } from "../../log.js";
import type { Plugin } from "../../plugins/plugin.js";
import type { HandlerSet } from "../../tasks/handlers.js";
import type { SharedContext } from "../context.js";
import {
  disposeApp,
  isHandlerSet,
  isLoadingModule,
  makeApp,
  readExports,
  type ModuleExports,
} from "../handlers-module.js";
import { shareContext } from "../shared-context.js";
import { importModule } from "./import-module.js";

/** What the handlers of a thread work with. */
export interface Resources {
  readonly handlers: HandlerSet<unknown>;
  readonly share: (logger: Logger) => SharedContext<unknown>;
}

/** An idle connection is closed after this, or sooner in a thread that ends sooner. */
const idleConnectionMs = 10_000;

/**
 * The module, the app and the connections of a thread. The module is imported once. The app and the
 * connections are let go when the thread has been idle for half of the time after which it ends, since
 * that end leaves no time; a job that comes all the same gets new ones.
 */
export class ThreadResources {
  readonly #data: ThreadData;
  #loading: Promise<ModuleExports> | undefined;
  #made: Promise<Made> | undefined;
  #disposing: Promise<void> = Promise.resolve();
  #timer: NodeJS.Timeout | undefined;

  constructor(data: ThreadData) {
    this.#data = data;
  }

  /** @throws TaskwrightError `OPTION_INVALID` when the module isn't what it has to be. */
  async acquire(): Promise<Resources> {
    clearTimeout(this.#timer);
    await this.#disposing;
    this.#loading ??= this.#load();
    const { handlers, app, options } = await this.#loading;
    if (!isHandlerSet(handlers)) {
      throw this.#invalid("must export handlers, made by defineHandlers");
    }
    const plugins = this.#findPlugins(options);
    this.#made ??= this.#make(app);
    const made = await this.#made.catch((error: unknown) => {
      this.#made = undefined;
      throw error;
    });
    const { schema, preparedStatements } = this.#data;
    return {
      handlers,
      share: (logger) =>
        shareContext({ app: made.app, logger, schema, preparedStatements, plugins }, made.database),
    };
  }

  /** No job runs any more. */
  release(): void {
    this.#timer = setTimeout(() => void this.dispose(), this.#data.idleTimeoutMs / 2);
    this.#timer.unref();
  }

  /** Closes the connections and disposes of the app. */
  dispose(): Promise<void> {
    clearTimeout(this.#timer);
    const made = this.#made;
    this.#made = undefined;
    this.#disposing = this.#disposing
      .then(() => made)
      .then((it) => it?.dispose())
      .catch(() => {});
    return this.#disposing;
  }

  async #load(): Promise<ModuleExports> {
    try {
      const { module: url } = this.#data;
      const module = await importModule(url);
      return isLoadingModule(module) ? await module.loadForThread(url) : readExports(module);
    } catch (thrown) {
      const { message } = toError(thrown);
      throw this.#invalid(`can't be loaded: ${message}`, thrown);
    }
  }

  async #make(exported: unknown): Promise<Made> {
    const { connection, maxPoolSize, preparedStatements, idleTimeoutMs } = this.#data;
    const app = await makeApp(exported);
    const idleTimeoutMillis = Math.min(idleConnectionMs, idleTimeoutMs / 2);
    const pool = new Pool({ ...connection, max: maxPoolSize, idleTimeoutMillis });
    // The pool drops an idle connection that breaks; without a listener the event would end the thread.
    pool.on("error", () => {});
    const database = new Database({ pool, preparedStatements });
    return {
      app,
      database,
      dispose: async () => {
        await Promise.all([disposeApp(app), database.end().then(() => pool.end())]);
      },
    };
  }

  /** The worker's own plugins are functions of another thread: the module has to have them, too. */
  #findPlugins(options: unknown): readonly Plugin[] {
    const { plugins = [] } = (options ?? {}) as { readonly plugins?: readonly Plugin[] };
    const { enqueuePlugins } = this.#data;
    const found = Array.isArray(plugins) ? (plugins as readonly Plugin[]) : [];
    const missing = enqueuePlugins.find((name) => !found.some((plugin) => plugin?.name === name));
    if (missing === undefined) return found.filter(({ name }) => enqueuePlugins.includes(name));
    throw this.#invalid(
      `must export options with the plugin ${missing}, which wraps the adding of jobs: export const options = { plugins: [ … ] }`,
    );
  }

  #invalid(problem: string, cause?: unknown): TaskwrightError {
    const { module } = this.#data;
    return new TaskwrightError(
      "OPTION_INVALID",
      `The module of the option isolation.module ${problem}. It is ${module}.`,
      { option: "isolation.module", module },
      cause === undefined ? undefined : { cause },
    );
  }
}

interface Made {
  readonly app: unknown;
  readonly database: Database;
  readonly dispose: () => Promise<void>;
}
