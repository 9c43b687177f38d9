import { faults } from "./faults/catalogue.js";
import type { TargetKind } from "./faults/fault.js";
import { Random } from "./random.js";

export type Role = "worker" | "producer" | "peer" | "rust";

/** Who takes part, and whether its connections pass a proxy. */
export interface Part {
  readonly name: string;
  readonly role: Role;
  readonly isProxied: boolean;
  /** Whether its process is to live as long as the run. */
  readonly steady: boolean;
}

/** Takes part only where its program could be had; faults that are aimed at it are skipped elsewhere. */
const rustName = "rust";

export const cast: readonly Part[] = [
  { name: "steady", role: "worker", isProxied: true, steady: true },
  { name: "worker-1", role: "worker", isProxied: false, steady: false },
  { name: "worker-2", role: "worker", isProxied: true, steady: false },
  { name: "worker-3", role: "worker", isProxied: true, steady: false },
  { name: "peer", role: "peer", isProxied: false, steady: false },
  { name: rustName, role: "rust", isProxied: false, steady: false },
  { name: "producer-1", role: "producer", isProxied: false, steady: false },
  { name: "producer-2", role: "producer", isProxied: true, steady: false },
  { name: "producer-3", role: "producer", isProxied: true, steady: false },
];

/** Whose code is not ours. */
export const foreigners: ReadonlySet<string> = new Set(
  cast.filter(({ role }) => role === "peer" || role === "rust").map(({ name }) => name),
);

const tables = ["_private_jobs", "_private_job_queues", "_private_workers"] as const;

export interface PlannedFault {
  readonly id: number;
  /** Milliseconds from the beginning. */
  readonly atMs: number;
  readonly fault: string;
  /** Empty: everybody. */
  readonly target: string;
  readonly durationMs: number;
}

/** Before the first fault everybody has started; after the last one it is over before the end. */
const quietMs = 4000;
const gapMs = [300, 2500] as const;

/** All faults of a run, as its seed has them. Each round has every kind once, in another order. */
export function makePlan(seed: string, lengthMs: number): PlannedFault[] {
  const random = new Random(seed, "plan");
  const plan: PlannedFault[] = [];
  let round: string[] = [];
  for (let atMs = quietMs; atMs < lengthMs; atMs += random.integer(...gapMs)) {
    if (round.length === 0) round = random.shuffle(Object.keys(faults));
    const name = round.pop() ?? "";
    const fault = faults[name];
    if (fault === undefined) continue;
    const [least, most] = fault.durationMs;
    plan.push({
      id: plan.length + 1,
      atMs,
      fault: name,
      target: pickTarget(fault.targets, random),
      durationMs: random.integer(Math.round(least), Math.round(most)),
    });
  }
  return plan;
}

function pickTarget(kind: TargetKind, random: Random): string {
  switch (kind) {
    case "nobody":
      return "";
    case "table":
      return random.pick(tables);
    case "proxied":
      return random.pick(cast.filter(({ isProxied }) => isProxied)).name;
    case "foreigner":
      return random.pick([...foreigners]);
    case "worker":
    case "producer":
    case "peer":
      return random.pick(cast.filter(({ role, steady }) => role === kind && !steady)).name;
  }
}
