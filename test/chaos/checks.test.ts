import { describe, expect, test } from "vitest";
import { checkCrashes } from "./checks/crashes.js";
import { checkDeaths } from "./checks/deaths.js";
import { checkDoubles } from "./checks/doubles.js";
import { checkEffects } from "./checks/effects.js";
import { checkFailedRows } from "./checks/failed-rows.js";
import { checks } from "./checks/index.js";
import { checkLeftovers } from "./checks/leftovers.js";
import { checkLost } from "./checks/lost.js";
import { checkMemory } from "./checks/memory.js";
import { checkPhantoms } from "./checks/phantoms.js";
import type { Entry } from "./ledger/records.js";
import { asked, ended, messages, ran, tell, type Line } from "./story.js";

function failedRow(request: string, facts: Partial<Extract<Entry, { kind: "failed row" }>> = {}) {
  const row = { job: `job of ${request}`, task: "fast", key: null, requests: [request] };
  const attempts = { attempts: 25, maxAttempts: 25, lastError: null };
  return [
    9000,
    "supervisor",
    { kind: "failed row", ...row, ...attempts, ...facts },
  ] as const satisfies Line;
}

function effect(request: string, count: number): Line {
  return [9000, "supervisor", { kind: "effect", request, count }];
}

test("a sound history passes every check", () => {
  const history = tell(
    ...asked(100, "a"),
    ...ran(200, "worker-1", "a", { settled: 220 }),
    ...asked(100, "b", { key: "k", mode: "replace" }),
    ...asked(120, "c", { key: "k", mode: "replace" }),
    ...ran(200, "worker-1", "c", { key: "k", queue: "q", settled: 230 }),
    ended(8000, "worker-1", "finish", 0),
  );
  expect(checks.flatMap((check) => check(history))).toEqual([]);
});

describe("lost", () => {
  test("a job that was accepted and never ran is lost", () => {
    expect(messages(checkLost, ...asked(100, "a"))).toHaveLength(1);
    expect(messages(checkLost, ...asked(100, "a"), ...ran(200, "worker-1", "a"))).toEqual([]);
  });

  test("a run that failed, or was cut off, is no success", () => {
    const failed = ran(200, "worker-1", "a", { failed: true });
    expect(messages(checkLost, ...asked(100, "a"), ...failed)).toHaveLength(1);
    const cutOff = ran(200, "worker-1", "a", { end: Infinity });
    expect(messages(checkLost, ...asked(100, "a"), ...cutOff)).toHaveLength(1);
  });

  test("a row that failed for good is not lost", () => {
    expect(messages(checkLost, ...asked(100, "a"), failedRow("a"))).toEqual([]);
  });

  test("an item of a batch is lost if only the others were done, also of a keyed one", () => {
    const items = [
      ...asked(100, "a", { task: "batch", key: "b" }),
      ...asked(100, "b", { task: "batch", key: "b" }),
    ];
    const run = ran(200, "worker-1", "a b", { task: "batch", failedRequests: ["b"] });
    expect(messages(checkLost, ...items, ...run)).toEqual([expect.stringContaining("request b")]);
  });

  test("an effect counts by its row, whatever its handler could say", () => {
    const request = asked(100, "a", { task: "effect" });
    const run = ran(200, "worker-1", "a", { task: "effect", end: Infinity });
    expect(messages(checkLost, ...request, ...run)).toHaveLength(1);
    expect(messages(checkLost, ...request, ...run, effect("a", 1))).toEqual([]);
  });

  test("what was never accepted need not have run", () => {
    expect(messages(checkLost, ...asked(100, "a").slice(0, 1))).toEqual([]);
  });
});

describe("phantoms", () => {
  test("a request that was rolled back, or never made, must not run", () => {
    const [request] = asked(100, "a");
    const refused: Line = [110, "producer", { kind: "refused", request: "a", why: "rolled back" }];
    const run = ran(200, "worker-1", "a");
    expect(messages(checkPhantoms, request as Line, refused, ...run)).toHaveLength(1);
    expect(messages(checkPhantoms, ...run)).toHaveLength(1);
    expect(messages(checkPhantoms, request as Line, ...run)).toEqual([]);
  });
});

describe("doubles", () => {
  test("one request must not become two jobs", () => {
    const runs = [
      ...ran(200, "worker-1", "a", { job: "1" }),
      ...ran(300, "worker-1", "a", { job: "2" }),
    ];
    expect(messages(checkDoubles, ...asked(100, "a"), ...runs)).toHaveLength(1);
    const batch = asked(100, "a", { task: "batch", key: "b" });
    expect(messages(checkDoubles, ...batch, ...runs)).toEqual([]);
  });
});

describe("effects", () => {
  test("an effect happens once", () => {
    const request = asked(100, "a", { task: "effect" });
    expect(messages(checkEffects, ...request, effect("a", 1))).toEqual([]);
    expect(messages(checkEffects, ...request, effect("a", 2))).toHaveLength(1);
  });

  test("an effect does not happen without its job's completion, nor without its job", () => {
    const request = asked(100, "a", { task: "effect" });
    expect(messages(checkEffects, ...request, effect("a", 1), failedRow("a"))).toHaveLength(1);
    const refused: Line = [110, "producer", { kind: "refused", request: "a", why: "rolled back" }];
    expect(messages(checkEffects, request[0] as Line, refused, effect("a", 1))).toHaveLength(1);
  });
});

describe("failed rows", () => {
  const attempts = [1, 2].flatMap((attempt) =>
    ran(200 * attempt, "worker-1", "a", { attempt, failed: true, maxAttempts: 2 }),
  );
  const row = failedRow("a", { attempts: 2, maxAttempts: 2 });

  test("a row that is left has no attempt left", () => {
    const early = failedRow("a", { attempts: 1, maxAttempts: 2 });
    expect(messages(checkFailedRows, ...attempts, early)).toHaveLength(1);
    expect(messages(checkFailedRows, ...attempts, row)).toEqual([]);
  });

  test("a row does not fail for good without having used its attempts", () => {
    expect(messages(checkFailedRows, ...attempts.slice(0, 2), row)).toHaveLength(1);
    const unlocked: Line = [300, "supervisor", { kind: "unlocked", jobs: ["job of a"] }];
    expect(messages(checkFailedRows, ...attempts.slice(0, 2), unlocked, row)).toEqual([]);
  });

  test("a job that lost its key, or crashed too often, may have attempts left", () => {
    const keyed = asked(100, "a", { key: "k" });
    expect(messages(checkFailedRows, ...keyed, row)).toEqual([]);
    const stillKeyed = failedRow("a", { attempts: 2, maxAttempts: 2, key: "k" });
    expect(messages(checkFailedRows, ...keyed, stillKeyed)).toHaveLength(1);
    const crashes = ["worker-1", "worker-2", "worker-3"].flatMap((worker, index) => [
      ...ran(200 + index, worker, "a", { end: Infinity }),
      ended(300, worker, "killed"),
    ]);
    const many = failedRow("a");
    expect(messages(checkFailedRows, ...crashes, many)).toEqual([]);
    expect(messages(checkFailedRows, ...crashes.slice(0, 2), many)).toHaveLength(1);
  });
});

describe("crashes", () => {
  test("a poison job is started no more often than its crashes allow", () => {
    const runs = [1, 2, 3, 4].flatMap((turn) =>
      ran(200 * turn, `worker-${turn}`, "a", { task: "poison", end: Infinity }),
    );
    expect(messages(checkCrashes, ...runs)).toHaveLength(1);
    expect(messages(checkCrashes, ...runs.slice(1))).toEqual([]);
  });
});

describe("deaths", () => {
  test("a process must not die by itself", () => {
    const alive: Line = [100, "worker-1", { kind: "note", text: "here" }];
    expect(messages(checkDeaths, alive, ended(200, "worker-1"))).toHaveLength(1);
    expect(messages(checkDeaths, alive, ended(200, "worker-1", undefined, 1))).toHaveLength(1);
    expect(messages(checkDeaths, alive, ended(200, "worker-1", undefined, 0))).toHaveLength(1);
    expect(messages(checkDeaths, alive, ended(200, "worker-1", "stopped", 1))).toHaveLength(1);
  });

  test("a process may end of a kill, of a poison job, and in good order", () => {
    const alive: Line = [100, "worker-1", { kind: "note", text: "here" }];
    expect(messages(checkDeaths, alive, ended(200, "worker-1", "killed"))).toEqual([]);
    expect(messages(checkDeaths, alive, ended(200, "worker-1", "stopped", 0))).toEqual([]);
    const poison: Line = [100, "worker-1", { kind: "poison", run: "1", how: "exit" }];
    expect(messages(checkDeaths, poison, ended(200, "worker-1", undefined, 3))).toEqual([]);
  });
});

describe("leftovers", () => {
  test("whatever is left is a violation", () => {
    const left: Line = [100, "supervisor", { kind: "left", what: "locks", detail: "1" }];
    expect(messages(checkLeftovers, left)).toEqual(["locks: 1"]);
  });
});

describe("memory", () => {
  const grow = (bytesPerSecond: number) =>
    Array.from({ length: 90 }, (_, second): Line => {
      const rss = 100 * 2 ** 20 + second * bytesPerSecond;
      return [second * 1000, "steady", { kind: "memory", rss, heap: rss / 2 }];
    });

  test("a worker whose memory grows and grows is found", () => {
    expect(messages(checkMemory, ...grow(2 * 2 ** 20))).not.toEqual([]);
    expect(messages(checkMemory, ...grow(2 ** 16))).toEqual([]);
  });
});
