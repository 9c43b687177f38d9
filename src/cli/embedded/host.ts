/**
 * The process of an embedded PostgreSQL: starts it, reports to its parent, and ends with it. The server thus
 * never outlives the parent, however that one ends; and the exit hooks of the package that carries the
 * server stay out of the parent, whose exit code they would discard.
 */
import { once } from "node:events";
import { toError } from "../../errors.js";
import { Postgres, type PostgresRequest } from "./postgres.js";

export type HostMessage =
  { readonly isReady: true } | { readonly failure: string; readonly isMissing: boolean };

const orphaned = once(process, "disconnect");
const [request] = (await once(process, "message")) as [PostgresRequest];
const server = await load();
if (server !== undefined) await serve(server);
process.exit();

async function load(): Promise<Postgres | undefined> {
  try {
    return await Postgres.load(request);
  } catch (error) {
    await tell({ failure: toError(error).message, isMissing: true });
    return undefined;
  }
}

async function serve(postgres: Postgres): Promise<void> {
  try {
    await postgres.initialise();
    if (process.connected) await Promise.race([startAndTell(postgres), orphaned]);
    await orphaned;
  } catch (error) {
    await tell({ failure: toError(error).message, isMissing: false });
  } finally {
    await postgres.stop();
  }
}

async function startAndTell(postgres: Postgres): Promise<void> {
  await postgres.start();
  await tell({ isReady: true });
}

/** The parent may have ended meanwhile; then there is nothing to send to. */
async function tell(message: HostMessage): Promise<void> {
  if (!process.connected) return;
  await new Promise((resolve) => process.send?.(message, undefined, undefined, resolve));
}
