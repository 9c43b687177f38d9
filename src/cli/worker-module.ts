import { existsSync } from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";
import type { ResolvedConfig } from "../config.js";
import { TaskwrightError } from "../errors.js";
import type { HandlerSet } from "../tasks/handlers.js";
import { disposeApp, isHandlerSet, makeApp, readExports } from "../worker/handlers-module.js";
import type { WorkerOptions } from "../worker/options.js";
import { importModule } from "./typescript.js";

/** What a project says of its worker. */
export interface WorkerModule {
  readonly handlers: HandlerSet<unknown>;
  /** Given to each handler as `ctx.app`; a function is called to make it. */
  readonly app: unknown;
  /** More of the worker's options. */
  readonly options: Readonly<Partial<WorkerOptions<unknown>>>;
}

/** What the command line gives the worker itself. */
const given = [
  "connectionString",
  "pool",
  "schema",
  "handlers",
  "app",
  "signal",
  "handleSignals",
] as const;

/**
 * The file that exports the worker's handlers: the named one, or the config's.
 * @throws TaskwrightError `CONFIG_INVALID`
 */
export function findWorkerFile(config: ResolvedConfig, cwd: string, named?: string): string {
  const file = named === undefined ? config.handlers : path.resolve(cwd, named);
  if (file === undefined) {
    throw new TaskwrightError(
      "CONFIG_INVALID",
      'No file with handlers was named. Pass it, as in: taskwright run src/worker.ts. Or write it into the config as "handlers".',
    );
  }
  if (existsSync(file)) return file;
  throw new TaskwrightError("CONFIG_INVALID", `There is no file ${file}.`, { file });
}

/**
 * Loads the module that exports `handlers`, and perhaps `app` and `options`.
 * @throws TaskwrightError `CONFIG_INVALID`, `PACKAGE_MISSING`
 */
export async function loadWorkerModule(file: string): Promise<WorkerModule> {
  const module = await importModule(file);
  const { handlers, app, options = {} } = readExports(module);
  if (!isHandlerSet(handlers)) throw noHandlers(file, handlers);
  checkOptions(file, options);
  return { handlers, app, options };
}

/** The module for the threads of isolated tasks: ours, which loads the file as this program does. */
export function threadModule(file: string): URL {
  const extension = path.extname(fileURLToPath(import.meta.url));
  const url = new URL(`./thread-module${extension}`, import.meta.url);
  url.searchParams.set("file", file);
  return url;
}

function noHandlers(file: string, found: unknown): TaskwrightError {
  const name = path.basename(file);
  const problem =
    found === undefined
      ? `${name} exports no handlers.`
      : `What ${name} exports as handlers wasn't made by defineHandlers.`;
  return new TaskwrightError(
    "CONFIG_INVALID",
    `${problem} Write: export const handlers = defineHandlers({ … }); with defineHandlers from the generated tasks.`,
    { file },
  );
}

function checkOptions(file: string, options: unknown): asserts options is object {
  const name = path.basename(file);
  if (typeof options !== "object" || options === null) {
    throw new TaskwrightError("CONFIG_INVALID", `The options of ${name} must be an object.`, {
      file,
    });
  }
  const taken = given.find((option) => Object.hasOwn(options, option));
  if (taken === undefined) return;
  const hint = taken === "app" || taken === "handlers" ? ` Export ${taken} beside them.` : "";
  throw new TaskwrightError(
    "CONFIG_INVALID",
    `The options of ${name} can't hold ${taken}: the command line gives it.${hint}`,
    { file, option: taken },
  );
}

/** Makes the app, runs `use` with it and disposes of it, if it can be. */
export async function withApp<T>(app: unknown, use: (app: unknown) => Promise<T>): Promise<T> {
  const made = await makeApp(app);
  try {
    return await use(made);
  } finally {
    await disposeApp(made);
  }
}
