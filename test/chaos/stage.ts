import { Client } from "pg";
import type { Cluster } from "../support/cluster.js";
import type { Proxy } from "../support/proxy.js";
import type { Actor } from "./actor.js";
import type { Ledger } from "./ledger/ledger.js";
import type { Random } from "./random.js";

/** What the faults act on. */
export interface Stage {
  readonly cluster: Cluster;
  readonly ledger: Ledger;
  readonly actors: ReadonlyMap<string, Actor>;
  /** By the actor whose connections pass through it. */
  readonly proxies: ReadonlyMap<string, Proxy>;
  readonly random: Random;
}

/** Connections of the run itself, which no fault is to hit. */
export const controlName = "chaos control";

/** Lends a connection past all proxies. */
export async function withControl<T>(
  { cluster }: Pick<Stage, "cluster">,
  use: (client: Client) => Promise<T>,
): Promise<T> {
  const client = new Client({
    connectionString: cluster.connectionString,
    application_name: controlName,
    connectionTimeoutMillis: 3000,
    query_timeout: 15_000,
  });
  client.on("error", () => {});
  try {
    await client.connect();
    return await use(client);
  } finally {
    await client.end().catch(() => {});
  }
}
