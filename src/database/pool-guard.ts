import type { Pool, PoolClient } from "pg";

interface Guard {
  readonly listener: () => void;
  holders: number;
}

/** One listener for all holders of a pool: Node warns of more than ten. */
const guards = new WeakMap<Pool, Guard>();

/**
 * Keeps the pool's `error` events from ending the process, until the returned function is called. The
 * pool replaces a connection that breaks while it is idle, so the event needs no other answer. Other
 * listeners don't count: their owner may remove them, and one of `once` is gone after the first event.
 */
export function guardPool(pool: Pool): () => void {
  let guard = guards.get(pool);
  if (guard === undefined) {
    guard = { listener: () => {}, holders: 0 };
    guards.set(pool, guard);
    pool.on("error", guard.listener);
  }
  guard.holders += 1;
  let isHeld = true;
  return () => {
    if (!isHeld) return;
    isHeld = false;
    leave(pool, guard);
  };
}

function leave(pool: Pool, guard: Guard): void {
  guard.holders -= 1;
  if (guard.holders > 0) return;
  pool.off("error", guard.listener);
  guards.delete(pool);
}

/**
 * Takes a connection from the pool. `onError` listens from the moment on in which the pool's own
 * listener is removed: a promise of the pool's would resolve a microtask later, and a server that shuts
 * down may send its FATAL in the same packet as ReadyForQuery.
 */
export function borrowClient(pool: Pool, onError: (error: Error) => void): Promise<PoolClient> {
  return new Promise((resolve, reject) => {
    pool.connect((error, client) => {
      if (client === undefined) {
        reject(error ?? new Error("The pool gave no connection."));
        return;
      }
      client.on("error", onError);
      resolve(client);
    });
  });
}

/** Closes a borrowed connection instead of giving it back. */
export function discardClient(client: PoolClient): void {
  client.release(true);
  // The pool's own listener would pass an error of the closing connection on to a pool that may have
  // no listener by then.
  client.removeAllListeners("error");
  client.on("error", () => {});
}
