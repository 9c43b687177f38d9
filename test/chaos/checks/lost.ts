import type { Check, History, Request } from "../history/history.js";

/**
 * Nothing accepted is lost: each job that was accepted was run to a success, or its row is there and
 * has failed for good. Jobs with a key may have been replaced (see `keys.ts`); items of a batch merge
 * and may not.
 */
export const checkLost: Check = (history) =>
  [...history.requests.values()]
    .filter(({ state, isRemoval }) => state === "accepted" && !isRemoval)
    .filter(({ key, task }) => key === null || task === "batch")
    .filter((request) => !isDone(history, request) && !hasFailedRow(history, request))
    .map((request) => ({
      check: "lost",
      message: `${request.task} request ${request.name} was accepted, but never done, nor failed for good`,
      lines: [request.line, ...(history.runsByRequest.get(request.name) ?? []).map((r) => r.line)],
    }));

/** Whether a request's work was done. */
export function isDone({ runsByRequest, effects }: History, { name, task }: Request): boolean {
  // Its process may have died after the commit, before it could say so.
  if (task === "effect") return (effects.get(name) ?? 0) > 0;
  return (runsByRequest.get(name) ?? []).some(
    ({ failed, failedRequests = [] }) => failed === false && !failedRequests.includes(name),
  );
}

export function hasFailedRow({ failedRows }: History, { name }: Request): boolean {
  // There are few such rows.
  return [...failedRows.values()].some(({ requests }) => requests.includes(name));
}
