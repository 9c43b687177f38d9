import { expect, test } from "vitest";
import { Interval } from "../../src/recovery/interval.js";
import { Gate } from "../worker/support.js";

const never = 2 ** 31 - 1;

test("it pauses as long as the step says, and else as it was told", async () => {
  const calls: number[] = [];
  const done = new Gate();
  const interval = new Interval(never, async () => {
    calls.push(calls.length);
    if (calls.length < 3) return 0;
    done.open();
    return undefined;
  });
  interval.start(0);
  await done.opened;
  await interval.stop();
  expect(calls).toEqual([0, 1, 2]);
});

test("hurried, it calls the step now, or right after the call that is under way", async () => {
  const calls: number[] = [];
  const [first, second, end] = [new Gate(), new Gate(), new Gate()];
  const interval = new Interval(never, async () => {
    calls.push(calls.length);
    if (calls.length === 1) {
      first.open();
      await end.opened;
    } else second.open();
    return undefined;
  });
  interval.start();
  interval.hurry();
  await first.opened;
  interval.hurry();
  interval.hurry();
  expect(calls).toHaveLength(1);
  end.open();
  await second.opened;
  await interval.stop();
  expect(calls).toHaveLength(2);
});

test("stopped, or not started yet, it can't be hurried", async () => {
  let calls = 0;
  const interval = new Interval(never, async () => {
    calls += 1;
    return undefined;
  });
  interval.hurry();
  interval.start();
  await interval.stop();
  interval.hurry();
  await new Promise((resolve) => setImmediate(resolve));
  expect(calls).toBe(0);
});
