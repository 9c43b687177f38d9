import { setTimeout as delay } from "node:timers/promises";
import type { Deafness, Proxy } from "../../support/proxy.js";
import { sweepThresholdMs } from "../roles/tasks.js";
import type { Stage } from "../stage.js";
import type { Fault } from "./fault.js";

const deaf = new Set<Proxy>();

function proxyOf({ proxies }: Stage, target: string): Proxy {
  const proxy = proxies.get(target);
  if (proxy === undefined) throw new Error(`${target} has no proxy.`);
  return proxy;
}

/** Connections stay open and say nothing, until the network gives them up. */
function deafening(deafness: Deafness): Fault {
  return {
    targets: "proxied",
    durationMs: [0.3 * sweepThresholdMs, 2 * sweepThresholdMs],
    run: async (stage, target, ms) => {
      const proxy = proxyOf(stage, target);
      if (deaf.has(proxy)) return "it is deaf already";
      deaf.add(proxy);
      proxy.goDeaf(deafness);
      await delay(ms);
      proxy.recover();
      proxy.cut();
      deaf.delete(proxy);
      return undefined;
    },
  };
}

export const networkFaults = {
  "cut connections": {
    targets: "proxied",
    durationMs: [0, 0],
    run: async (stage, target) => proxyOf(stage, target).cut(),
  },
  "reset connections": {
    targets: "proxied",
    durationMs: [0, 0],
    run: async (stage, target) => proxyOf(stage, target).reset(),
  },
  "deaf connections": deafening("everything"),
  "lost answers": deafening("answers"),
} as const satisfies Readonly<Record<string, Fault>>;
