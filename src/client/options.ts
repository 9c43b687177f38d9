import type { Pool } from "pg";
import type { Executor } from "../database/executor.js";
import {
  boolean,
  executor,
  integer,
  maxConnections,
  name,
  pool,
  schemaName,
  type Rules,
} from "../option-rules.js";
import { checkOptions, refuseOption, type Checked } from "../options.js";
import { checkPlugins, pluginsRule, type Plugin } from "../plugins/plugin.js";

/** Options of `createClient`. Give one of `connectionString`, `pool` and `db`. */
export interface ClientOptions {
  /** Where the database is. The client then has a pool of its own, which `end` closes. */
  readonly connectionString?: string;
  /** A pool of the caller's. */
  readonly pool?: Pool;
  /** Anything else that runs SQL, such as an adapter of another driver. */
  readonly db?: Executor;
  /** How many connections a pool of the client's own may open. Default 10; 1 to 10,000. */
  readonly maxPoolSize?: number;
  /** Unquoted name of the schema. Default: the one that codegen was run with. */
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
  /** Plugins that wrap the adding of jobs; the first one is outermost. Default: none. */
  readonly plugins?: readonly Plugin[];
}

/** Each option's rule and default. */
const rules = {
  connectionString: name(),
  pool: pool<Pool>(),
  db: executor<Executor>(),
  maxPoolSize: integer(1, maxConnections).or(10),
  schema: schemaName(),
  preparedStatements: boolean().or(true),
  coalesce: boolean().or(false),
  plugins: pluginsRule().or(Object.freeze([])),
} satisfies Rules<ClientOptions>;

/** {@link ClientOptions} with every default filled in. */
export type ResolvedClientOptions = Checked<typeof rules>;

const sources = ["connectionString", "pool", "db"] as const;
const owner = "createClient";

/** @throws TaskwrightError `OPTION_UNKNOWN`, `OPTION_INVALID` */
export function resolveClientOptions(given: ClientOptions): ResolvedClientOptions {
  const options = checkOptions(owner, given, rules);
  if (sources.filter((source) => options[source] !== undefined).length !== 1) {
    refuseOption(owner, "pool", "given, or else connectionString or db, and only one of them");
  }
  checkPlugins(owner, options.plugins);
  return options;
}
