import { endOf, whyTaken } from "../history/explain.js";
import { append, type Check, type History, type Run, type Violation } from "../history/history.js";
import { fleetLimit } from "../roles/tasks.js";

/** Of a queue's jobs one runs at a time, of a limited task's as many as its limit. */
export const checkQueues: Check = (history) => {
  const queues = new Map<string, Run[]>();
  const limited: Run[] = [];
  for (const run of history.runs) {
    if (run.queue !== null) append(queues, run.queue, run);
    if (run.task === "limited") limited.push(run);
  }
  return [
    ...[...queues].flatMap(([queue, runs]) => findCrowds(history, `queue ${queue}`, runs, 1)),
    ...findCrowds(history, "task limited", limited, fleetLimit),
  ];
};

/** Finds the starts at which more than `limit` runs were under way whose jobs were their workers'. */
function findCrowds(
  history: History,
  name: string,
  runs: readonly Run[],
  limit: number,
): Violation[] {
  const violations: Violation[] = [];
  let open: Run[] = [];
  for (const run of runs) {
    open = open.filter((other) => endOf(history, other) > run.startedAt);
    const claims = [...open, run].sort((a, b) => a.claimedAt - b.claimedAt);
    const last = claims.at(-1)?.claimedAt ?? 0;
    // Who lost its job to a later claim does not count, and neither does who starts it all the same.
    const held = claims.filter(
      (other, index) => index === claims.length - 1 || whyTaken(history, other, last) === undefined,
    );
    if (held.length > limit && held.includes(run)) {
      violations.push({
        check: "queues",
        message: `in ${name}, the jobs ${held.map(({ job }) => job).join(", ")} ran at the same time`,
        lines: held.map(({ line }) => line),
      });
    }
    open.push(run);
  }
  return violations;
}
