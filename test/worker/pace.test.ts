import { assert, double, property } from "fast-check";
import { expect, test } from "vitest";
import { Pace } from "../../src/worker/pace.js";

const concurrency = 10;
const waitMs = 200;

/** A pace that has seen claims of this size and handlers of this length, one start after another. */
function paceAfter(handlerMs: number, claims = 8): Pace {
  const pace = new Pace({ concurrency, waitMs, size: "auto" });
  for (let claim = 0; claim < claims; claim++) {
    pace.onClaimed(concurrency + pace.ahead());
    for (let job = 0; job < concurrency; job++) pace.onFinished(handlerMs);
  }
  return pace;
}

test("nothing is claimed ahead before anything is known", () => {
  expect(new Pace({ concurrency, waitMs, size: "auto" }).ahead()).toBe(0);
});

test("the slower the handlers the less is claimed ahead, down to nothing", () => {
  expect(paceAfter(60_000).ahead()).toBe(0);
  expect(paceAfter(100).ahead()).toBeGreaterThan(5);
  expect(paceAfter(1).ahead()).toBeGreaterThan(500);
});

test("what is claimed ahead gets its turn within the bound, whatever a handler takes", () => {
  assert(
    property(double({ min: 0.01, max: 100_000, noNaN: true }), (handlerMs) => {
      const ahead = paceAfter(handlerMs).ahead();
      expect((ahead / concurrency) * handlerMs).toBeLessThanOrEqual(waitMs);
    }),
  );
});

test("claims grow step by step", () => {
  const pace = new Pace({ concurrency, waitMs, size: "auto" });
  pace.onClaimed(concurrency);
  pace.onFinished(0.001);
  expect(pace.ahead()).toBe(4 * concurrency);
});

test("after jobs had to go back nothing is claimed ahead until one ends", () => {
  const pace = paceAfter(1);
  pace.onOverdue();
  expect(pace.ahead()).toBe(0);
  pace.onFinished(1);
  expect(pace.ahead()).toBeGreaterThan(0);
});
