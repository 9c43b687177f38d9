import { TaskwrightError } from "./errors.js";
import { suggestion } from "./options.js";
import { defaultSchema } from "./database/identifier.js";

/** Where a project's annotated SQL is, and where its TypeScript goes. */
export interface QueriesConfig {
  /** Folder of queries annotated for pgtyped. */
  readonly source: string;
  /** Folder of the migrations that the queries are checked against. */
  readonly migrations: string;
  /** Folder for the generated queries. */
  readonly output: string;
  /** File for the migrations as a module. */
  readonly migrationsOutput: string;
}

/** What `taskwright.config.json` or `.ts` may say. Paths are relative to that file. */
export interface TaskwrightConfig {
  /** Folder of the task schemas. Default `schemas`. */
  readonly schemas?: string;
  /** Folder for the generated tasks. Default `generated/tasks`. */
  readonly output?: string;
  /** Unquoted name of the database schema. Default `graphile_worker`. */
  readonly schema?: string;
  /** The database. The command line's `--connection` and `DATABASE_URL` win over it. */
  readonly connectionString?: string;
  /** Whether to also write what a project that runs Node's graphile-worker needs. Default false. */
  readonly graphileWorker?: boolean;
  /** Annotated SQL to compile. Default: none. */
  readonly queries?: QueriesConfig;
}

/** {@link TaskwrightConfig} with its defaults filled in. */
export type ResolvedConfig = Readonly<
  Required<Omit<TaskwrightConfig, "connectionString" | "queries">>
> &
  Pick<TaskwrightConfig, "connectionString" | "queries">;

const defaults = {
  schemas: "schemas",
  output: "generated/tasks",
  schema: defaultSchema,
  graphileWorker: false,
};

const texts = ["schemas", "output", "schema", "connectionString"];
const queriesKeys = ["source", "migrations", "output", "migrationsOutput"];
const keys = [...texts, "graphileWorker", "queries", "$schema"];

/** Types a config file that is written in TypeScript. */
export function defineConfig(config: TaskwrightConfig): TaskwrightConfig {
  return config;
}

/**
 * Checks what a config file says and fills in the defaults.
 * @throws TaskwrightError `CONFIG_INVALID`, with the file and the key in its details.
 */
export function resolveConfig(given: unknown, file: string): ResolvedConfig {
  const config = checkKeys(given, keys, file, "");
  for (const key of texts) checkText(config, key, file, key);
  if (!["boolean", "undefined"].includes(typeof config["graphileWorker"])) {
    refuse(file, "graphileWorker", "must be true or false");
  }
  if (config["queries"] !== undefined) {
    const queries = checkKeys(config["queries"], queriesKeys, file, "queries.");
    for (const key of queriesKeys) {
      if (queries[key] === undefined) refuse(file, `queries.${key}`, "is missing");
      checkText(queries, key, file, `queries.${key}`);
    }
  }
  return Object.freeze({ ...defaults, ...config }) as ResolvedConfig;
}

function checkKeys(
  given: unknown,
  known: readonly string[],
  file: string,
  prefix: string,
): Record<string, unknown> {
  if (typeof given !== "object" || given === null || Array.isArray(given)) {
    refuse(file, prefix.slice(0, -1), "must be an object");
  }
  for (const key of Object.keys(given)) {
    if (!known.includes(key)) {
      refuse(file, `${prefix}${key}`, `is no setting.${suggestion(key, known)}`);
    }
  }
  return given as Record<string, unknown>;
}

function checkText(config: Record<string, unknown>, key: string, file: string, name: string): void {
  const value = config[key];
  if (value === undefined || (typeof value === "string" && value !== "")) return;
  refuse(file, name, "must be a string that is not empty");
}

function refuse(file: string, key: string, problem: string): never {
  const what = key === "" ? "The config" : `Setting "${key}"`;
  throw new TaskwrightError("CONFIG_INVALID", `${file}: ${what} ${problem}`, { file, key });
}
