import type { Check } from "../history/history.js";

/** When all is done and everybody has stopped, no job, lock, registration or transaction is left. */
export const checkLeftovers: Check = ({ entries }) =>
  entries.flatMap((entry) =>
    entry.kind === "left"
      ? [{ check: "leftovers", message: `${entry.what}: ${entry.detail}`, lines: [entry.line] }]
      : [],
  );
