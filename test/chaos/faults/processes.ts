import { setTimeout as delay } from "node:timers/promises";
import type { Actor } from "../actor.js";
import { sweepThresholdMs } from "../roles/tasks.js";
import type { Stage } from "../stage.js";
import type { Fault } from "./fault.js";

/** Those that a fault is at work on: a frozen process should not be told to stop meanwhile. */
const busy = new Set<Actor>();

async function withActor(
  stage: Stage,
  name: string,
  use: (actor: Actor) => Promise<void>,
): Promise<string | void> {
  const actor = stage.actors.get(name);
  if (actor === undefined || !actor.isRunning) return "it does not run";
  if (busy.has(actor)) return "another fault is at work on it";
  busy.add(actor);
  try {
    await use(actor);
  } finally {
    busy.delete(actor);
  }
}

function killing(targets: Fault["targets"]): Fault {
  return {
    targets,
    durationMs: [0, 0],
    run: (stage, target) =>
      withActor(stage, target, async (actor) => actor.signal("SIGKILL", "killed")),
  };
}

function freezing(targets: Fault["targets"], durationMs: Fault["durationMs"]): Fault {
  return {
    targets,
    durationMs,
    run: (stage, target, ms) =>
      withActor(stage, target, async (actor) => {
        actor.signal("SIGSTOP");
        await delay(ms);
        actor.signal("SIGCONT");
      }),
  };
}

/** Milliseconds between the first signal that asks a worker to stop and the second. */
const secondSignalMs = 500;

export const processFaults = {
  "kill worker": killing("worker"),
  "kill producer": killing("producer"),
  "kill foreigner": killing("foreigner"),
  "freeze worker": freezing("worker", [1.2 * sweepThresholdMs, 2.5 * sweepThresholdMs]),
  "freeze worker shortly": freezing("worker", [200, 0.5 * sweepThresholdMs]),
  // Not the Rust crate's: swept up after, it would complete jobs that others have by then.
  "freeze peer": freezing("peer", [500, 1.5 * sweepThresholdMs]),
  "stop worker": {
    targets: "worker",
    durationMs: [0, 0],
    run: (stage, target) =>
      withActor(stage, target, async (actor) => actor.signal("SIGTERM", "stopped")),
  },
  "stop worker by force": {
    targets: "worker",
    durationMs: [secondSignalMs, secondSignalMs],
    run: (stage, target, ms) =>
      withActor(stage, target, async (actor) => {
        const { pid } = actor;
        actor.signal("SIGTERM", "stopped");
        await delay(ms);
        if (actor.pid === pid) actor.signal("SIGTERM");
      }),
  },
} as const satisfies Readonly<Record<string, Fault>>;
