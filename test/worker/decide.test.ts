import { runInNewContext } from "node:vm";
import { setFlagsFromString } from "node:v8";
import { expect, test } from "vitest";
import { WorkerEvents } from "../../src/events.js";
import { composeSettle } from "../../src/plugins/settle.js";
import { Patience } from "../../src/services/patience.js";
import type { ClaimedJob } from "../../src/worker/claimed-job.js";
import { decide } from "../../src/worker/decide.js";
import type { Outcome } from "../../src/worker/outcome.js";
import { eventually } from "../support/wait.js";
import { hostileValues } from "../support/hostile.js";

const events = new WorkerEvents("me", () => {});
const job = { job: {} } as ClaimedJob;

function chainOf(settle: () => Promise<unknown>) {
  const chain = composeSettle([{ name: "plugin", settle: settle as never }]);
  if (chain === undefined) throw new Error("A plugin was given.");
  return chain;
}

test("a worker that goes on keeps nothing of the jobs that its plugins have decided", async () => {
  setFlagsFromString("--expose-gc");
  const collect = runInNewContext("gc") as () => void;
  const chain = chainOf(async () => ({ kind: "completed" }));
  const options = { chain, events, patience: new Patience() };
  const outcomes: WeakRef<Outcome>[] = [];
  for (let count = 0; count < 50; count += 1) {
    const outcome: Outcome = { kind: "completed", isSkipped: true };
    outcomes.push(new WeakRef(outcome));
    await decide(job, outcome, options);
  }
  expect(options.patience.size).toBe(0);
  await eventually(() => {
    collect();
    // The last one may still be on the stack.
    return outcomes.filter((ref) => ref.deref() !== undefined).length <= 1;
  });
});

test.each(hostileValues)("an interceptor's outcome can be read: $name", async ({ make }) => {
  const settle = async () => ({ kind: "failed", error: make() });
  const options = { chain: chainOf(settle), events, patience: new Patience() };
  const failed = { kind: "failed", error: new Error("as it was") } as const;
  const decided = await decide(job, failed, options);
  expect(decided).toMatchObject({ kind: "failed", error: { message: expect.any(String) } });
});
