import { existsSync } from "node:fs";
import { availableParallelism } from "node:os";
import path from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import {
  arrayOf,
  integer,
  maxConnections,
  milliseconds,
  name,
  Rule,
  text,
  type Rules,
} from "../option-rules.js";
import { checkOptions } from "../options.js";

/** How handlers of tasks with `x-task.isolate` run: in threads of the worker's process. */
export interface IsolationOptions {
  /**
   * The module that each thread imports: it exports `handlers`, made by `defineHandlers`, and as
   * `taskwright run` reads them also `app` and `options.plugins`. It must not start a worker. Required
   * when a handler of an isolated task is given; `taskwright run` gives its own.
   */
  readonly module?: URL | string;
  /** How many isolated handlers run at once. Default: the number of processors; at most `concurrency`. */
  readonly maxThreads?: number;
  /**
   * How many connections the handlers of one thread may use. They are opened when a handler first asks
   * for them, beside those of the worker. Default 2.
   */
  readonly maxPoolSize?: number;
  /** Where threads connect to. Default: as the worker does. Needed with a pool that has functions as options. */
  readonly connectionString?: string;
  /** Megabytes of JavaScript heap that one thread may use. Default: Node's own limit. */
  readonly maxHeapMb?: number;
  /** Milliseconds that a thread may take to start, to import the module and to make the app. Default 60,000. */
  readonly loadTimeoutMs?: number;
  /** Milliseconds after which a thread without a job ends. Default 30,000. */
  readonly idleTimeoutMs?: number;
  /** Options of Node for the threads, such as `["--import", "tsx"]`. Default: those of the process. */
  readonly execArgv?: readonly string[];
}

type Optional = "module" | "connectionString" | "maxHeapMb" | "execArgv";

/** {@link IsolationOptions} with every default filled in. */
export type ResolvedIsolation = Readonly<Required<Omit<IsolationOptions, Optional>>> & {
  /** As a URL's text. */
  readonly module: string | undefined;
  readonly connectionString: string | undefined;
  readonly maxHeapMb: number | undefined;
  readonly execArgv: readonly string[] | undefined;
};

/** More threads than this are a mistake: each has a heap and a copy of the application. */
const maxThreads = 1024;
/** Below this Node can't even load a thread's modules; above it no machine has so much. */
const heapMb = { least: 16, most: 1_048_576 };

/** Each option's rule and default. */
const rules = {
  module: new Rule<URL | string>(
    'the file URL or the path of a module that exists, such as new URL("./handlers.js", import.meta.url)',
    (value) => findModule(value) !== undefined,
  ),
  maxThreads: integer(1, maxThreads),
  maxPoolSize: integer(1, maxConnections).or(2),
  connectionString: name(),
  maxHeapMb: integer(heapMb.least, heapMb.most),
  loadTimeoutMs: milliseconds(1).or(60_000),
  idleTimeoutMs: milliseconds(1).or(30_000),
  execArgv: arrayOf(text(), "strings"),
} satisfies Rules<IsolationOptions>;

/** @throws TaskwrightError `OPTION_UNKNOWN`, `OPTION_INVALID` */
export function resolveIsolation(
  given: IsolationOptions = {},
  owner = "isolation",
): ResolvedIsolation {
  const options = checkOptions(owner, given, rules);
  const { module, maxThreads = availableParallelism() } = options;
  return Object.freeze({ ...options, maxThreads, module: findModule(module)?.href });
}

/**
 * The module's URL, if there is one: a path is resolved as the shell would, from the working directory.
 * TypeScript that isn't compiled may be named as its compiled file will be called, as imports do.
 */
function findModule(given: unknown): URL | undefined {
  const url = toUrl(given);
  if (url === undefined) return undefined;
  const source = new URL(url);
  source.pathname = url.pathname.replace(/\.([cm]?)js$/u, ".$1ts");
  return [url, source].find((candidate) => existsSync(fileURLToPath(candidate)));
}

function toUrl(given: unknown): URL | undefined {
  // A URL of another realm, too.
  if (Object.prototype.toString.call(given) === "[object URL]") return toUrl((given as URL).href);
  if (typeof given !== "string" || given === "" || given.includes("\0")) return undefined;
  if (!URL.canParse(given)) return pathToFileURL(path.resolve(given));
  const url = new URL(given);
  // On Windows a drive's letter looks like a protocol.
  if (url.protocol.length === 2) return pathToFileURL(path.resolve(given));
  return url.protocol === "file:" ? url : undefined;
}
