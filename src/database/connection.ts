import { Client, type ClientBase, type Pool } from "pg";
import { TaskwrightError } from "../errors.js";
import { name, pool, withMethods, type Rules } from "../option-rules.js";
import { breaksConnection } from "./failure.js";
import { borrowClient, discardClient } from "./pool-guard.js";
import { explainConnectFailure } from "./privilege.js";

/** Where to find the database; exactly one of the three. */
export interface ConnectionOptions {
  readonly connectionString?: string;
  /** Lends a connection for as long as it is needed. */
  readonly pool?: Pool;
  /** A connected client that nobody else uses meanwhile. */
  readonly client?: ClientBase;
}

/** Each option's rule. */
export const connectionRules = {
  connectionString: name(),
  pool: pool<Pool>(),
  client: withMethods<ClientBase>("a connected Client of pg", "query", "on"),
} satisfies Rules<ConnectionOptions>;

/** {@link ConnectionOptions} that were checked. */
export type CheckedConnection = {
  readonly [Name in keyof ConnectionOptions]: ConnectionOptions[Name] | undefined;
};

/**
 * Runs `use` with one connection of its own: opened, borrowed or given.
 * @param owner Whose options they are, for the message.
 * @throws TaskwrightError `OPTION_INVALID` unless exactly one source is given.
 */
export async function withConnection<T>(
  owner: string,
  options: CheckedConnection,
  use: (client: ClientBase) => Promise<T>,
): Promise<T> {
  const { connectionString, pool, client } = options;
  const given = [connectionString, pool, client].filter((source) => source !== undefined);
  if (given.length !== 1) {
    throw new TaskwrightError(
      "OPTION_INVALID",
      `${owner} needs exactly one of the options connectionString, pool and client; ${given.length} were given.`,
      { owner, given: given.length },
    );
  }
  if (client !== undefined) return use(client);
  return pool === undefined ? withOwn(connectionString, use) : withPooled(pool, use);
}

async function withOwn<T>(
  connectionString: string | undefined,
  use: (client: ClientBase) => Promise<T>,
): Promise<T> {
  const client = new Client({ connectionString });
  // What breaks between two statements shows in the next one; unheard, it would end the process.
  client.on("error", () => {});
  await client.connect().catch((error: unknown) => {
    throw explainConnectFailure(error);
  });
  try {
    return await use(client);
  } finally {
    await client.end();
  }
}

/**
 * Runs `use` with a connection of the pool. One that broke, or that `discard` was called for, is
 * closed instead of going back.
 */
export async function withPooled<T>(
  pool: Pool,
  use: (client: ClientBase, discard: () => void) => Promise<T>,
): Promise<T> {
  let isBroken = false;
  const discard = () => {
    isBroken = true;
  };
  // Unheard, the event of a connection that breaks between two statements would end the process.
  const client = await borrowClient(pool, discard).catch((error: unknown) => {
    throw explainConnectFailure(error);
  });
  try {
    return await use(client, discard);
  } catch (error) {
    if (breaksConnection(error)) discard();
    throw error;
  } finally {
    client.off("error", discard);
    if (isBroken) discardClient(client);
    else client.release();
  }
}
