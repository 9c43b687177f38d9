import type { Check } from "../history/history.js";
import { maxCrashes } from "../roles/tasks.js";

/**
 * A job that kills its process fails for good after `maxCrashes` deaths. What had started is kept in a
 * table that a crash of the server empties, so each of these may cost one count.
 */
export const checkCrashes: Check = (history) =>
  [...history.runsByJob.values()]
    .filter((runs) => runs[0]?.task === "poison")
    .flatMap((runs) => {
      const [first, last] = [runs[0]?.startedAt ?? 0, runs.at(-1)?.startedAt ?? 0];
      const uncounted = history.troubles.filter(
        ({ what, from, to }) => what === "crash server" && to > first && from < last,
      );
      if (runs.length <= maxCrashes + uncounted.length) return [];
      return [
        {
          check: "crashes",
          message: `poison job ${runs[0]?.job} was started ${runs.length} times; it should have failed for good after ${maxCrashes}`,
          lines: runs.map(({ line }) => line),
        },
      ];
    });
