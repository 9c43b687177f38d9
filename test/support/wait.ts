import { setTimeout as delay } from "node:timers/promises";

/** How long a condition is waited for before the test fails; far more than any needs. */
const patienceMs = 30_000;
const pauseMs = 10;

/** Waits until a condition holds. */
export async function eventually(
  condition: () => boolean | Promise<boolean>,
  what = "the condition",
): Promise<void> {
  const deadline = Date.now() + patienceMs;
  while (!(await condition())) {
    if (Date.now() > deadline) throw new Error(`Waited ${patienceMs} ms in vain for ${what}.`);
    await delay(pauseMs);
  }
}
