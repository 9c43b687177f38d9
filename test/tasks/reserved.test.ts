import { expect, test } from "vitest";
import { readCronInfo, splitReserved } from "../../src/tasks/reserved.js";

test.each([
  [
    { ts: "2025-01-01T00:00:00.000Z", backfilled: true },
    { ts: "2025-01-01T00:00:00.000Z", backfilled: true },
  ],
  // As the Rust crate writes it.
  [
    { ts: "2025-01-01T00:00:00+00:00", backfilled: false },
    { ts: "2025-01-01T00:00:00+00:00", backfilled: false },
  ],
  [{ ts: "2025-01-01T00:00:00Z" }, { ts: "2025-01-01T00:00:00Z", backfilled: false }],
  [
    { ts: "2025-01-01T00:00:00Z", more: 1 },
    { ts: "2025-01-01T00:00:00Z", backfilled: false },
  ],
])("%j is what a scheduler wrote", (value, info) => {
  expect(readCronInfo(value)).toEqual(info);
});

test.each([undefined, null, "x", 1, [], {}, { ts: 1 }, { ts: "today" }, { ts: null }])(
  "%j is not",
  (value) => {
    expect(readCronInfo(value)).toBeUndefined();
  },
);

test("the trace of a batch is that of its items, which don't show it", () => {
  const trace = { flags: 1, trace_id: "a1", span_id: "b2" };
  const items = [{ n: 1 }, { n: 2, _trace: trace }, "text", null];
  expect(splitReserved(items)).toEqual({
    payload: [{ n: 1 }, { n: 2 }, "text", null],
    cron: undefined,
    trace,
  });
  expect(items[1]).toHaveProperty("_trace");
});

test("a batch without the peers' keys is passed on as it is", () => {
  const items = [{ n: 1 }];
  expect(splitReserved(items).payload).toBe(items);
});
