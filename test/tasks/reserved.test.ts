import { expect, test } from "vitest";
import { readCronInfo } from "../../src/tasks/reserved.js";

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
