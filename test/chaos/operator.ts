import { setTimeout as delay } from "node:timers/promises";
import type { Client } from "pg";
import { holderName, readLockHolders } from "./lock-holders.js";
import { withControl, type Stage } from "./stage.js";

const intervalMs = 1000;

/** The ids under which the peers' processes lock jobs, dead or alive. */
export function peerHolders({ ledger, actors }: Stage): {
  readonly dead: readonly string[];
  readonly alive: readonly string[];
} {
  const running = new Set([...actors.values()].map(({ name, pid }) => holderName(name, pid)));
  const holders = [...readLockHolders(ledger.folder)];
  const of = (isAlive: boolean) =>
    holders.filter(([name]) => running.has(name) === isAlive).flatMap(([, workers]) => workers);
  return { dead: of(false), alive: of(true) };
}

/**
 * Frees what dead processes of the peers hold, as an operator would, where no sweep does: Node's send
 * no heartbeat, and one of the Rust crate that ends by an error signs off while it holds jobs.
 */
export async function freeDeadPeers(stage: Stage, client: Client): Promise<void> {
  const unregistered = await client.query<{ id: string }>(
    `select given.id from unnest($1::text[]) as given (id)
    where not exists (
      select from graphile_worker._private_workers as workers where workers.id = given.id
    )`,
    [peerHolders(stage).dead],
  );
  const dead = unregistered.rows.map(({ id }) => id);
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
