import type { Check } from "../history/history.js";

/** What was rolled back, or never asked for, does not run. */
export const checkPhantoms: Check = ({ runs, requests }) =>
  runs.flatMap((run) =>
    run.requests
      .filter((name) => (requests.get(name)?.state ?? "refused") === "refused")
      .map((name) => ({
        check: "phantoms",
        message: `job ${run.job} ran request ${name}, which was ${requests.has(name) ? "rolled back" : "never made"}`,
        lines: [run.line, ...(requests.has(name) ? [requests.get(name)?.line ?? ""] : [])],
      })),
  );
