import { expect, test } from "vitest";
import { systemClock } from "../../src/cron/clock.js";

test("a sleep ends by itself", async () => {
  await systemClock.sleep(1, new AbortController().signal);
});

test("a sleep is cut short by its signal", async () => {
  const abort = new AbortController();
  const asleep = systemClock.sleep(2 ** 30, abort.signal);
  abort.abort();
  await asleep;
  await systemClock.sleep(2 ** 30, abort.signal);
  expect(abort.signal.aborted).toBe(true);
});
