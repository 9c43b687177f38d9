import path from "node:path";
import { defaultSchema } from "./database/identifier.js";
import { TaskwrightError } from "./errors.js";
import { boolean, name, record, schemaName, type Rule, type Rules } from "./option-rules.js";
import { suggestion } from "./options.js";

/**
 * What `taskwright.config.json` or `taskwright.config.ts` may hold. Paths are relative to the
 * file's folder. Only the command line reads it; flags and the environment win over it.
 */
export interface TaskwrightConfig {
  /** Folder of the JSON Schemas, one for each task. Default `schemas`. */
  readonly schemas?: string;
  /** Folder for the generated tasks. Default `generated/tasks`. */
  readonly output?: string;
  /** Unquoted name of the database schema that holds the queue. Default `graphile_worker`. */
  readonly schema?: string;
  /** The database, as a `postgres://` URL; `DATABASE_URL` and `--connection` win over it. */
  readonly connectionString?: string;
  /**
   * Whether to generate also what a plain graphile-worker project needs to share these tasks.
   * Default false.
   */
  readonly graphileWorker?: boolean;
  /**
   * Whether to refuse schemas that hold anything but rules and annotations of draft 2020-12, rather than
   * to read them as what they mean. Default false.
   */
  readonly strict?: boolean;
  /** Formats of your own: for each name a regular expression, as in `pattern`. Default: none. */
  readonly formats?: Readonly<Record<string, string>>;
  /** The module whose handlers `taskwright run` and `taskwright dev` run. Default: none. */
  readonly handlers?: string;
  /** A crontab that `taskwright run`, `dev` and `cron` read, besides `x-task.cron`. Default: none. */
  readonly crontab?: string;
  /** Annotated SQL to compile with pgtyped. Default: none. */
  readonly queries?: QueriesConfig;
}

export interface QueriesConfig {
  /** Folder of the annotated queries. */
  readonly source: string;
  /** Folder of the migrations that the queries are checked against. */
  readonly migrations: string;
  /** Folder for the generated queries. */
  readonly output: string;
  /** The generated module that carries the migrations. */
  readonly migrationsOutput: string;
}

/** A config with its defaults; all paths are absolute. */
export interface ResolvedConfig {
  /** The project's root: the folder of the config file, or where the command was run. */
  readonly root: string;
  /** The config file; undefined when the project has none. */
  readonly file: string | undefined;
  readonly schemas: string;
  readonly output: string;
  readonly schema: string;
  readonly connectionString: string | undefined;
  readonly graphileWorker: boolean;
  readonly strict: boolean;
  readonly formats: Readonly<Record<string, string>>;
  readonly handlers: string | undefined;
  readonly crontab: string | undefined;
  readonly queries: QueriesConfig | undefined;
}

/** Helps an editor with a `taskwright.config.ts`; it returns what it is given. */
export function defineConfig(config: TaskwrightConfig): TaskwrightConfig {
  return config;
}

const defaults = { schemas: "schemas", output: "generated/tasks", schema: defaultSchema };

const queriesRules = {
  source: name(),
  migrations: name(),
  output: name(),
  migrationsOutput: name(),
} satisfies Rules<QueriesConfig>;

const rules = {
  $schema: name(),
  schemas: name(),
  output: name(),
  schema: schemaName(),
  connectionString: name(),
  graphileWorker: boolean(),
  strict: boolean(),
  formats: record<Readonly<Record<string, string>>>("an object of regular expressions"),
  handlers: name(),
  crontab: name(),
  queries: record<QueriesConfig>(`an object with ${Object.keys(queriesRules).join(", ")}`),
} satisfies Rules<TaskwrightConfig> & { readonly $schema: Rule };

/**
 * Checks a config and fills in its defaults.
 * @param given What the file holds, or what flags say on top of it.
 * @throws TaskwrightError `CONFIG_INVALID`; the message tells of everything that is wrong.
 */
export function resolveConfig(given: unknown, root: string, file?: string): ResolvedConfig {
  const name = file === undefined ? "The configuration" : path.basename(file);
  const faults = findFaults(given, rules, "");
  const config = given as TaskwrightConfig;
  if (faults.length === 0 && config.queries !== undefined) {
    for (const each of findFaults(config.queries, queriesRules, "queries.")) faults.push(each);
    const { queries } = config;
    const folders = Object.keys(queriesRules) as (keyof QueriesConfig)[];
    const missing = folders.filter((key) => queries[key] === undefined);
    for (const key of missing) faults.push(`queries.${key} is missing`);
  }
  if (faults.length === 0) {
    for (const each of findFormatFaults(config.formats ?? {})) faults.push(each);
  }
  if (faults.length > 0) {
    throw new TaskwrightError("CONFIG_INVALID", `${name}: ${faults.join("; ")}.`, { file, faults });
  }
  const absolute = (relative: string) => path.resolve(root, relative);
  const { queries } = config;
  return Object.freeze({
    root,
    file,
    schemas: absolute(config.schemas ?? defaults.schemas),
    output: absolute(config.output ?? defaults.output),
    schema: config.schema ?? defaults.schema,
    connectionString: config.connectionString,
    graphileWorker: config.graphileWorker ?? false,
    strict: config.strict ?? false,
    formats: Object.freeze({ ...config.formats }),
    handlers: config.handlers === undefined ? undefined : absolute(config.handlers),
    crontab: config.crontab === undefined ? undefined : absolute(config.crontab),
    queries:
      queries === undefined
        ? undefined
        : Object.freeze({
            source: absolute(queries.source),
            migrations: absolute(queries.migrations),
            output: absolute(queries.output),
            migrationsOutput: absolute(queries.migrationsOutput),
          }),
  });
}

function findFormatFaults(formats: Readonly<Record<string, unknown>>): string[] {
  return Object.entries(formats)
    .filter(([, pattern]) => !isPattern(pattern))
    .map(([name]) => `formats.${name} must be a regular expression for JavaScript's u flag`);
}

function isPattern(value: unknown): boolean {
  if (typeof value !== "string") return false;
  try {
    return new RegExp(value, "u") instanceof RegExp;
  } catch {
    return false;
  }
}

function findFaults(
  given: unknown,
  rules: Readonly<Record<string, Rule<unknown, unknown>>>,
  prefix: string,
): string[] {
  if (!record().accepts(given)) return ["it must be an object"];
  const known = Object.keys(rules);
  return Object.entries(given as Readonly<Record<string, unknown>>).flatMap(([key, value]) => {
    const rule = Object.hasOwn(rules, key) ? rules[key] : undefined;
    if (rule === undefined) {
      return [
        `there is no option "${prefix}${key}".${suggestion(key, known)} It knows ${known.filter((name) => name !== "$schema").join(", ")}`,
      ];
    }
    return value === undefined || rule.accepts(value)
      ? []
      : [`${prefix}${key} must be ${rule.expected}`];
  });
}
