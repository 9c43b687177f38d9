import type { Check } from "../history/history.js";

/** A request becomes one job. (The items of keyed batches may move to another job.) */
export const checkDoubles: Check = ({ requests, runsByRequest }) =>
  [...requests.values()]
    .filter(({ key, task }) => key === null || task !== "batch")
    .flatMap(({ name, line }) => {
      const runs = runsByRequest.get(name) ?? [];
      const jobs = new Set(runs.map(({ job }) => job));
      if (jobs.size < 2) return [];
      return [
        {
          check: "doubles",
          message: `request ${name} became the jobs ${[...jobs].join(", ")}`,
          lines: [line, ...runs.map((run) => run.line)],
        },
      ];
    });
