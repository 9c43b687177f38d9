import { setTimeout as delay } from "node:timers/promises";
import { faults } from "./faults/catalogue.js";
import type { PlannedFault } from "./plan.js";
import type { Stage } from "./stage.js";

/** Makes the planned faults, each at its time, and waits for all of them to be over. */
export async function makeTrouble(
  stage: Stage,
  plan: readonly PlannedFault[],
  lengthMs: number,
): Promise<void> {
  const startedAt = Date.now();
  const running: Promise<void>[] = [];
  for (const fault of plan) {
    await delay(Math.max(0, startedAt + fault.atMs - Date.now()));
    running.push(make(stage, fault));
  }
  await delay(Math.max(0, startedAt + lengthMs - Date.now()));
  await Promise.all(running);
}

async function make(stage: Stage, planned: PlannedFault): Promise<void> {
  const { id, fault, target, durationMs } = planned;
  const { ledger } = stage;
  ledger.write({ kind: "fault begins", id, fault, target: target === "" ? undefined : target });
  try {
    const skipped = (await faults[fault]?.run(stage, target, durationMs)) ?? undefined;
    ledger.write({ kind: "fault ends", id, skipped });
  } catch (error) {
    ledger.write({ kind: "fault ends", id, failed: String(error) });
  }
}
