import { setTimeout as delay } from "node:timers/promises";
import { Client } from "pg";
import type { Ledger } from "./ledger/ledger.js";
import { controlName } from "./stage.js";

const intervalMs = 250;
/** A plain statement that takes so long tells of a machine that is busy elsewhere. */
const slowMs = 400;

/** Notes when the server itself is slow, which is nobody's fault. */
export async function probeDatabase(
  connectionString: string,
  ledger: Ledger,
  signal: AbortSignal,
): Promise<void> {
  while (!signal.aborted) {
    const startedAt = Date.now();
    const client = new Client({
      connectionString,
      application_name: controlName,
      connectionTimeoutMillis: 3000,
      query_timeout: 3000,
    });
    client.on("error", () => {});
    try {
      await client.connect();
      await client.query("select 1");
    } catch {
      // A server that is down is a fault, and noted as one.
    }
    await client.end().catch(() => {});
    const ms = Date.now() - startedAt;
    if (ms > slowMs) ledger.write({ kind: "slow database", ms });
    await delay(intervalMs);
  }
}
