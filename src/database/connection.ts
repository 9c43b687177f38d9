import { Client, type ClientBase, type Pool } from "pg";
import { TaskwrightError } from "../errors.js";
import { breaksConnection } from "./failure.js";

/** Where to find the database; exactly one of the three. */
export interface ConnectionOptions {
  readonly connectionString?: string;
  /** Lends a connection for as long as it is needed. */
  readonly pool?: Pool;
  /** A connected client that nobody else uses meanwhile. */
  readonly client?: ClientBase;
}

/**
 * Runs `use` with one connection of its own: opened, borrowed or given.
 * @param owner Whose options they are, for the message.
 * @throws TaskwrightError `OPTION_INVALID` unless exactly one source is given.
 */
export async function withConnection<T>(
  owner: string,
  options: ConnectionOptions,
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
  await client.connect();
  try {
    return await use(client);
  } finally {
    await client.end();
  }
}

/** A connection that may be broken is closed instead of going back to the pool. */
export async function withPooled<T, C extends ClientBase>(
  pool: { connect(): Promise<C & { release(error?: Error | boolean): void }> },
  use: (client: C) => Promise<T>,
): Promise<T> {
  const client = await pool.connect();
  const onError = () => {
    isBroken = true;
  };
  let isBroken = false;
  client.on("error", onError);
  try {
    return await use(client);
  } catch (error) {
    isBroken ||= breaksConnection(error);
    throw error;
  } finally {
    client.off("error", onError);
    client.release(isBroken);
  }
}
