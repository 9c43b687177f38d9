import { whySilent } from "../history/explain.js";
import type { Check } from "../history/history.js";
import { foreigners } from "../plan.js";

/** No worker of ours is declared dead that could say that it lives. */
export const checkSweeps: Check = (history) =>
  history.sweeps.flatMap(({ at, line, workers }) =>
    workers
      .filter((worker) => !foreigners.has(history.workers.get(worker)?.actor ?? "rust"))
      .filter((worker) => whySilent(history, worker, at) === undefined)
      .map((worker) => ({
        check: "sweeps",
        message: `worker ${worker} was declared dead, though nothing had kept it from saying that it lives`,
        lines: [line],
      })),
  );
