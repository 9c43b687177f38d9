import { expect, test } from "vitest";
import { fastMs, StartPolicy } from "../../src/worker/start-policy.js";

const job = { task: "a", wasTried: false };

/** A policy that has seen jobs of task `a` complete, in so many milliseconds each. */
function after(...handlersMs: number[]): StartPolicy {
  const policy = new StartPolicy();
  for (const handlerMs of handlersMs) policy.onEnded(job, handlerMs, true);
  return policy;
}

const times = (count: number, handlerMs: number) => Array<number>(count).fill(handlerMs);

test("jobs of a task are marked until ten of them were completed", () => {
  expect(after(...times(9, 1)).mustMark(job)).toBe(true);
  expect(after(...times(10, 1)).mustMark(job)).toBe(false);
  expect(after(...times(10, 1)).mustMark({ ...job, task: "b" })).toBe(true);
});

test("attempts that failed don't make a task known", () => {
  const policy = new StartPolicy();
  for (let n = 0; n < 100; n++) policy.onEnded(job, 1, false);
  expect(policy.mustMark(job)).toBe(true);
});

test("a job that was tried before is marked, however fast its task is", () => {
  expect(after(...times(100, 1)).mustMark({ ...job, wasTried: true })).toBe(true);
});

test("jobs are marked as long as more than one of twenty takes longer than 50 ms", () => {
  expect(after(...times(100, fastMs + 1)).mustMark(job)).toBe(true);
  expect(after(...times(100, fastMs)).mustMark(job)).toBe(false);
  const rarely = Array.from({ length: 200 }, (_, n) => (n % 50 === 49 ? 1000 : 1));
  expect(after(...rarely).mustMark(job)).toBe(false);
  const often = Array.from({ length: 200 }, (_, n) => (n % 10 === 9 ? 1000 : 1));
  expect(after(...often).mustMark(job)).toBe(true);
});

test("a task that became fast, or slow, is seen as what it has become", () => {
  expect(after(...times(100, 1000), ...times(200, 1)).mustMark(job)).toBe(false);
  expect(after(...times(1000, 1), ...times(5, 1000)).mustMark(job)).toBe(true);
});

test("a job of a slow task shares its statement, a job that may end the process doesn't", () => {
  const slow = after(...times(100, fastMs + 1));
  expect(slow.mustMark(job)).toBe(true);
  expect(slow.mustMarkAlone(job)).toBe(false);
  expect(slow.mustMarkAlone({ ...job, wasTried: true })).toBe(true);
  expect(slow.mustMarkAlone({ ...job, task: "b" })).toBe(true);
});
