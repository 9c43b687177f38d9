import { setTimeout as delay } from "node:timers/promises";
import type { Client } from "pg";
import { readLockHolders } from "./lock-holders.js";
import { withControl, type Stage } from "./stage.js";

const intervalMs = 1000;

/** The ids under which graphile-worker's processes lock jobs, dead or alive. */
export function peerHolders({ ledger, actors }: Stage): {
  readonly dead: readonly string[];
  readonly alive: readonly string[];
} {
  const running = new Set([...actors.values()].map(({ pid }) => pid));
  const holders = [...readLockHolders(ledger.folder)];
  const of = (isAlive: boolean) =>
    holders.filter(([pid]) => running.has(pid) === isAlive).flatMap(([, workers]) => workers);
  return { dead: of(false), alive: of(true) };
}

/**
 * Frees what dead processes of graphile-worker hold, as an operator would: they send no heartbeat, so
 * no sweep does.
 */
export async function freeDeadPeers(stage: Stage, client: Client): Promise<void> {
  const { dead } = peerHolders(stage);
  if (dead.length === 0) return;
  const { rows } = await client.query<{ id: string }>(
    "select id from graphile_worker._private_jobs where locked_by = any ($1)",
    [dead],
  );
  // Noted first: the answer of the deed may be lost.
  if (rows.length > 0) stage.ledger.write({ kind: "unlocked", jobs: rows.map(({ id }) => id) });
  await client.query("select graphile_worker.force_unlock_workers($1)", [dead]);
}

/** Goes on with that until the signal. */
export async function operate(stage: Stage, signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    await delay(intervalMs);
    try {
      await withControl(stage, (client) => freeDeadPeers(stage, client));
    } catch {
      // The server is down, or locked: the next time.
    }
  }
}
