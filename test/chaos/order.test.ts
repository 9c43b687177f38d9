import { describe, expect, test } from "vitest";
import { checkKeys, checkStalePayloads } from "./checks/keys.js";
import { checkQueues } from "./checks/queues.js";
import { checkRepeats } from "./checks/repeats.js";
import { checkReplaced } from "./checks/replaced.js";
import { checkStarts } from "./checks/starts.js";
import { checkSweeps } from "./checks/sweeps.js";
import { asked, ended, fault, messages, ran, swept, type Line } from "./story.js";

const keyed = { task: "keyed", key: "k", mode: "replace" } as const;
const removal: Line[] = [
  [300, "producer", { kind: "removal", request: "gone", key: "k" }],
  [310, "producer", { kind: "accepted", request: "gone" }],
];

describe("keys", () => {
  test("a keyed request is followed by a run with its payload or a later one", () => {
    const requests = [...asked(100, "a", keyed), ...asked(200, "b", keyed)];
    expect(messages(checkKeys, ...requests)).toHaveLength(2);
    expect(messages(checkKeys, ...requests, ...ran(150, "worker-1", "a"))).toEqual([
      expect.stringContaining("request b"),
    ]);
    expect(messages(checkKeys, ...requests, ...ran(300, "worker-1", "b"))).toEqual([]);
  });

  test("a run of an older payload does not serve a newer request", () => {
    const requests = [...asked(100, "a", keyed), ...asked(200, "b", keyed)];
    expect(messages(checkKeys, ...requests, ...ran(300, "worker-1", "a"))).toHaveLength(1);
  });

  test("a removed key needs no run", () => {
    expect(messages(checkKeys, ...asked(100, "a", keyed), ...removal)).toEqual([]);
    expect(messages(checkKeys, ...removal, ...asked(400, "a", keyed))).toHaveLength(1);
  });

  test("a request that only deduplicates is served by a run that is not over", () => {
    const dedupe = asked(100, "a", { ...keyed, mode: "unsafe_dedupe" });
    const run = (settled: number) => [
      ...asked(10, "b", keyed),
      ...ran(50, "worker-1", "b", { settled }),
    ];
    expect(messages(checkKeys, ...dedupe, ...run(120))).toEqual([]);
    expect(messages(checkKeys, ...dedupe, ...run(90))).toHaveLength(1);
  });
});

describe("stale payloads", () => {
  const requests = [...asked(100, "a", keyed), ...asked(200, "b", keyed)];

  test("an older payload is not claimed after a newer one was accepted", () => {
    const late = ran(300, "worker-1", "a", { claimedAt: 250 });
    expect(messages(checkStalePayloads, ...requests, ...late)).toHaveLength(1);
    const before = ran(300, "worker-1", "a", { claimedAt: 150 });
    expect(messages(checkStalePayloads, ...requests, ...before)).toEqual([]);
  });

  test("a payload is not claimed after its key was removed", () => {
    const late = ran(400, "worker-1", "a", { claimedAt: 350 });
    expect(messages(checkStalePayloads, ...asked(100, "a", keyed), ...removal, ...late)).toEqual([
      expect.stringContaining("removed"),
    ]);
  });
});

describe("replaced", () => {
  test("a keyed job that nothing replaced must have run", () => {
    const first = asked(100, "a", { ...keyed, job: "1" });
    const other = asked(200, "b", { ...keyed, job: "2" });
    expect(messages(checkReplaced, ...first, ...other)).toHaveLength(2);
    const runs = [...ran(150, "worker-1", "a"), ...ran(250, "worker-1", "b")];
    expect(messages(checkReplaced, ...first, ...other, ...runs)).toEqual([]);
  });

  test("a request gives its job to the next one, or is removed", () => {
    const requests = [
      ...asked(100, "a", { ...keyed, job: "1" }),
      ...asked(200, "b", { ...keyed, job: "1" }),
    ];
    expect(messages(checkReplaced, ...requests, ...ran(250, "worker-1", "b"))).toEqual([]);
    expect(messages(checkReplaced, ...requests, ...removal)).toEqual([]);
  });
});

describe("queues", () => {
  const inQueue = { queue: "q" };

  test("two jobs of a queue must not run at the same time", () => {
    const first = ran(100, "worker-1", "a", { ...inQueue, end: 200 });
    expect(messages(checkQueues, ...first, ...ran(150, "worker-2", "b", inQueue))).toHaveLength(1);
    expect(messages(checkQueues, ...first, ...ran(200, "worker-2", "b", inQueue))).toEqual([]);
    const other = ran(150, "worker-2", "b", { queue: "other" });
    expect(messages(checkQueues, ...first, ...other)).toEqual([]);
  });

  test("a run that its process could not end lasts as long as the process", () => {
    const first = ran(100, "worker-1", "a", { ...inQueue, end: Infinity });
    const second = ran(5000, "worker-2", "b", inQueue);
    expect(messages(checkQueues, ...first, ...second)).toHaveLength(1);
    expect(messages(checkQueues, ...first, ended(4000, "worker-1", "killed"), ...second)).toEqual(
      [],
    );
  });

  test("a frozen worker's queue goes on once it was swept, and not before", () => {
    const first = ran(100, "worker-1", "a", { ...inQueue, end: 9000 });
    const second = ran(6000, "worker-2", "b", inQueue);
    const frozen = fault(200, 8000, "freeze worker", "worker-1");
    expect(messages(checkQueues, ...first, ...frozen, ...second)).toHaveLength(1);
    const sweep = swept(5500, "worker-2", "worker-1", "job of a");
    expect(messages(checkQueues, ...first, ...frozen, sweep, ...second)).toEqual([]);
    const tooLate = swept(8500, "worker-2", "worker-1", "job of a");
    expect(messages(checkQueues, ...first, ...frozen, tooLate, ...second)).toHaveLength(1);
  });

  test("no more jobs of a limited task run than its limit", () => {
    const runs = ["a", "b", "c"].map((request, index) =>
      ran(100 + index, `worker-${index}`, request, { task: "limited", end: 200 }),
    );
    expect(messages(checkQueues, ...runs.flat())).toHaveLength(1);
    expect(messages(checkQueues, ...runs.slice(1).flat())).toEqual([]);
  });
});

describe("repeats", () => {
  const again = ran(6000, "worker-2", "a", { attempt: 2 });

  test("a job does not run again without a reason", () => {
    expect(messages(checkRepeats, ...ran(100, "worker-1", "a"), ...again)).toHaveLength(1);
    const cutOff = ran(100, "worker-1", "a", { end: Infinity });
    expect(messages(checkRepeats, ...cutOff, ...again)).toHaveLength(1);
  });

  test("a job runs again after a failure, but not after the last one", () => {
    const failed = ran(100, "worker-1", "a", { failed: true, settled: 120 });
    expect(messages(checkRepeats, ...failed, ...again)).toEqual([]);
    const last = ran(100, "worker-1", "a", { failed: true, settled: 120, maxAttempts: 1 });
    expect(messages(checkRepeats, ...last, ...again)).toHaveLength(1);
    const items = ran(100, "worker-1", "a", { task: "batch", failedRequests: ["a"] });
    expect(messages(checkRepeats, ...items, ...again)).toEqual([]);
  });

  test("a job runs again after its process died, unless its success was written", () => {
    const died = ended(3000, "worker-1", "killed");
    expect(messages(checkRepeats, ...ran(100, "worker-1", "a"), died, ...again)).toEqual([]);
    const settled = ran(100, "worker-1", "a", { settled: 120 });
    expect(messages(checkRepeats, ...settled, died, ...again)).toEqual([
      expect.stringContaining("had said before that it was completed"),
    ]);
    const late = ended(8000, "worker-1", "killed");
    expect(messages(checkRepeats, ...ran(100, "worker-1", "a"), late, ...again)).toHaveLength(1);
  });

  test("a job runs again after a sweep of just this job", () => {
    const first = ran(100, "worker-1", "a");
    const sweep = (job: string) => swept(5000, "worker-2", "worker-1", job);
    expect(messages(checkRepeats, ...first, sweep("job of a"), ...again)).toEqual([]);
    expect(messages(checkRepeats, ...first, sweep("job of b"), ...again)).toHaveLength(1);
  });

  test("a worker must not say that a job is completed which it had lost", () => {
    const first = ran(100, "worker-1", "a", { settled: 7000 });
    const sweep = swept(5000, "worker-2", "worker-1", "job of a");
    expect(messages(checkRepeats, ...first, sweep, ...again)).toEqual([
      expect.stringContaining("which had lost it"),
    ]);
  });

  test("a worker that learns that it was declared dead explains a repeat only after trouble", () => {
    const first = ran(100, "worker-1", "a");
    const learnt: Line = [7000, "worker-1", { kind: "declared dead" }];
    expect(messages(checkRepeats, ...first, learnt, ...again)).toHaveLength(1);
    const frozen = fault(200, 5000, "freeze worker", "worker-1");
    expect(messages(checkRepeats, ...first, ...frozen, learnt, ...again)).toEqual([]);
    const elsewhere = fault(200, 5000, "freeze worker", "worker-3");
    expect(messages(checkRepeats, ...first, ...elsewhere, learnt, ...again)).toHaveLength(1);
  });

  test("a job that was given back by hand, or by its worker's stop, runs again", () => {
    const first = ran(100, "worker-1", "a");
    const unlocked: Line = [3000, "supervisor", { kind: "unlocked", jobs: ["job of a"] }];
    expect(messages(checkRepeats, ...first, unlocked, ...again)).toEqual([]);
    const interrupted: Line = [3000, "worker-1", { kind: "interrupted", job: "job of a" }];
    expect(messages(checkRepeats, ...first, interrupted, ...again)).toEqual([]);
  });
});

describe("starts", () => {
  const stale = (request: string) => [
    ...ran(5000, "worker-2", request, { claimedAt: 4900 }),
    ...ran(6000, "worker-1", request, { claimedAt: 1000 }),
  ];

  test("a worker that wakes up does not start what others have claimed meanwhile", () => {
    expect(messages(checkStarts, ...["a", "b", "c"].flatMap(stale))).toHaveLength(1);
  });

  test("a process can be frozen between its last look and the start", () => {
    expect(messages(checkStarts, ...["a", "b"].flatMap(stale))).toEqual([]);
  });
});

describe("sweeps", () => {
  const alive: Line = [100, "worker-1", { kind: "note", text: "here" }];
  const sweep = swept(5000, "worker-2", "worker-1");

  test("a worker that could say that it lives is not declared dead", () => {
    expect(messages(checkSweeps, alive, sweep)).toHaveLength(1);
    const short = fault(3000, 3200, "freeze worker shortly", "worker-1");
    expect(messages(checkSweeps, alive, ...short, sweep)).toHaveLength(1);
    const elsewhere = fault(1000, 4900, "freeze worker", "worker-3");
    expect(messages(checkSweeps, alive, ...elsewhere, sweep)).toHaveLength(1);
    const momentary = fault(3000, 3100, "cancel queries");
    expect(messages(checkSweeps, alive, ...momentary, sweep)).toHaveLength(1);
  });

  test("one that had ended, was frozen, or could not reach the server, is", () => {
    expect(messages(checkSweeps, alive, ended(1000, "worker-1", "killed"), sweep)).toEqual([]);
    const frozen = fault(1000, 6000, "freeze worker", "worker-1");
    expect(messages(checkSweeps, alive, ...frozen, sweep)).toEqual([]);
    const down = fault(1000, 4000, "stop server for long");
    expect(messages(checkSweeps, alive, ...down, sweep)).toEqual([]);
    const busy: Line = [4000, "worker-1", { kind: "lag", ms: 3000 }];
    expect(messages(checkSweeps, busy, sweep)).toEqual([]);
    const blocked = ran(1000, "worker-1", "a", { task: "blocker", end: Infinity });
    expect(messages(checkSweeps, ...blocked, sweep)).toEqual([]);
    const over = ran(1000, "worker-1", "a", { task: "blocker", end: 1500 });
    expect(messages(checkSweeps, ...over, sweep)).toHaveLength(1);
  });
});
