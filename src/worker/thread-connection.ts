import type { Pool, PoolConfig } from "pg";
import { TaskwrightError } from "../errors.js";

/** What of a pool's options says where and how to connect. */
const copied = [
  "connectionString",
  "host",
  "port",
  "user",
  "password",
  "database",
  "ssl",
  "application_name",
  "fallback_application_name",
  "options",
  "client_encoding",
  "connectionTimeoutMillis",
  "keepAlive",
  "keepAliveInitialDelayMillis",
  "statement_timeout",
  "query_timeout",
  "lock_timeout",
  "idle_in_transaction_session_timeout",
] as const satisfies readonly (keyof PoolConfig)[];

/** Options that are functions, whatever they hold. */
const functions = ["Client", "stream", "types", "onConnect"] as const;

export interface ConnectionSource {
  readonly connectionString: string | undefined;
  readonly pool: Pool | undefined;
  readonly connectTimeoutMs: number;
  readonly isolation: { readonly connectionString: string | undefined };
}

/**
 * What the threads of a worker connect with: what they are given for it, or what the worker has.
 * @throws TaskwrightError `OPTION_INVALID` when the worker's pool has options that can't be sent to a thread.
 */
export function threadConnection(source: ConnectionSource): Readonly<Record<string, unknown>> {
  const { pool, connectTimeoutMs, isolation } = source;
  const connectionString = isolation.connectionString ?? source.connectionString;
  if (connectionString !== undefined || pool === undefined) {
    return { connectionString, connectionTimeoutMillis: connectTimeoutMs, keepAlive: true };
  }
  const options = pool.options as unknown as Readonly<Record<string, unknown>>;
  const entries = copied.flatMap((name) =>
    options[name] === undefined ? [] : [[name, toSend(options[name])] as const],
  );
  const unsendable =
    functions.find((name) => options[name] !== undefined) ??
    entries.find(([, value]) => !canBeSent(value))?.[0];
  if (unsendable === undefined) return Object.fromEntries(entries);
  throw new TaskwrightError(
    "OPTION_INVALID",
    `The threads of isolated tasks can't connect as the worker's pool does: its option "${unsendable}" can't be sent to them. Give the option isolation.connectionString.`,
    { owner: "isolation", option: "connectionString" },
  );
}

/** pg hides the key of a certificate from those that list the options, as it does the password. */
function toSend(value: unknown): unknown {
  if (typeof value !== "object" || value === null || !("key" in value)) return value;
  return { ...value, key: value.key };
}

function canBeSent(value: unknown): boolean {
  try {
    structuredClone(value);
    return true;
  } catch {
    return false;
  }
}
