import type { PayloadOf, TaskRegistry } from "./handlers.js";
import { payloadError } from "./issues.js";
import type { TaskDefinition } from "./task.js";

/** Handlers for Node's graphile-worker, which hands each its own helpers. */
export type PeerHandlers<Registry, Helpers> = {
  readonly [Identifier in keyof Registry]: (
    payload: PayloadOf<Registry[Identifier]>,
    helpers: Helpers,
  ) => unknown;
};

/** Task functions as graphile-worker's `taskList` takes them. */
export type PeerTasks<Registry, Helpers> = {
  [Identifier in keyof Registry]: (payload: unknown, helpers: Helpers) => Promise<void>;
};

/**
 * Makes task functions that check their payload, fill in its defaults, and call a typed handler.
 * Called by generated code. They fail with `PAYLOAD_INVALID` for a payload that breaks its schema.
 */
export function createPeerTasks<Registry extends TaskRegistry, Helpers>(
  registry: Registry,
  handlers: PeerHandlers<Registry, Helpers>,
): PeerTasks<Registry, Helpers> {
  const entries = Object.entries(registry).map(([identifier, task]) => {
    const handler = handlers[identifier] as (payload: unknown, helpers: Helpers) => unknown;
    return [identifier, createPeerTask(task, handler)];
  });
  return Object.fromEntries(entries) as PeerTasks<Registry, Helpers>;
}

function createPeerTask<Helpers>(
  task: TaskDefinition<unknown, unknown>,
  handler: (payload: unknown, helpers: Helpers) => unknown,
) {
  return async (payload: unknown, helpers: Helpers): Promise<void> => {
    const result = task.validate(payload);
    if (!result.ok) throw payloadError(task.identifier, result.issues);
    await handler(result.value, helpers);
  };
}
