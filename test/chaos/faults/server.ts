import { setTimeout as delay } from "node:timers/promises";
import { sweepThresholdMs } from "../roles/tasks.js";
import type { Stage } from "../stage.js";
import type { Fault } from "./fault.js";

let isDown = false;

function restarting(stop: (stage: Stage) => Promise<void>, durationMs: Fault["durationMs"]): Fault {
  return {
    targets: "nobody",
    durationMs,
    run: async (stage, _target, ms) => {
      if (isDown) return "the server is down already";
      isDown = true;
      try {
        await stop(stage);
        await delay(ms);
        await stage.cluster.start();
      } finally {
        isDown = false;
      }
      return undefined;
    },
  };
}

const short = [0, 0.5 * sweepThresholdMs] as const;
const long = [1.2 * sweepThresholdMs, 2 * sweepThresholdMs] as const;

export const serverFaults = {
  "restart server": restarting(({ cluster }) => cluster.stop(), short),
  "crash server": restarting(({ cluster }) => cluster.crash(), short),
  "stop server for long": restarting(({ cluster }) => cluster.stop(), long),
} as const satisfies Readonly<Record<string, Fault>>;
