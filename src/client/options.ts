import type { Pool } from "pg";
import type { Executor } from "../database/executor.js";
import { quoteIdentifier } from "../database/identifier.js";
import { refuseOption, refuseUnknownOptions } from "../options.js";
import { checkPlugins, type Plugin } from "../plugins/plugin.js";

/** What a client may be told. Give one of `connectionString`, `pool` and `db`. */
export interface ClientOptions {
  /** Where the database is. The client then has a pool of its own, which `end` closes. */
  readonly connectionString?: string;
  /** A pool of the caller's. */
  readonly pool?: Pool;
  /** Anything else that runs SQL, such as an adapter of another driver. */
  readonly db?: Executor;
  /** How many connections a pool of the client's own may open. Default 10. */
  readonly maxPoolSize?: number;
  /** Unquoted name of the schema. Default: the one that codegen was told. */
  readonly schema?: string;
  /** Whether statements stay prepared. Off for poolers in transaction mode. Default true. */
  readonly preparedStatements?: boolean;
  /**
   * Whether jobs that are added one by one at the same time share a statement, each caller with an
   * answer of its own. For many callers on a pool: it saves most of the round trips, without making
   * anybody wait for others to come. Jobs of one key keep the order in which they were added. Jobs for
   * a transaction (`within`) are added by themselves. Default false.
   */
  readonly coalesce?: boolean;
  /** What stands around the adding of jobs; the first one is outermost. Default: nothing. */
  readonly plugins?: readonly Plugin[];
}

export type ResolvedClientOptions = ClientOptions &
  Required<Pick<ClientOptions, "coalesce" | "preparedStatements" | "plugins" | "maxPoolSize">>;

const defaults = {
  maxPoolSize: 10,
  preparedStatements: true,
  coalesce: false,
  plugins: Object.freeze([]),
} as const;
const sources = ["connectionString", "pool", "db"] as const;
const known = [...sources, ...Object.keys(defaults), "schema"];
const owner = "createClient";

/** @throws TaskwrightError `OPTION_UNKNOWN`, `OPTION_INVALID` */
export function resolveClientOptions(given: ClientOptions): ResolvedClientOptions {
  refuseUnknownOptions(owner, given, known);
  const set = Object.entries(given).filter(([, value]) => value !== undefined);
  const options: ResolvedClientOptions = { ...defaults, ...Object.fromEntries(set) };
  if (sources.filter((source) => options[source] !== undefined).length !== 1) {
    refuseOption(owner, "pool", "given, or else connectionString or db, and only one of them");
  }
  if (!Number.isSafeInteger(options.maxPoolSize) || options.maxPoolSize < 1) {
    refuseOption(owner, "maxPoolSize", "an integer from 1");
  }
  for (const name of ["preparedStatements", "coalesce"] as const) {
    if (typeof options[name] !== "boolean") refuseOption(owner, name, "true or false");
  }
  if (options.schema !== undefined) quoteIdentifier(options.schema);
  checkPlugins(owner, options.plugins);
  return Object.freeze({ ...options, plugins: Object.freeze([...options.plugins]) });
}
