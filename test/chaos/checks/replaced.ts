import { append, type Check, type Request } from "../history/history.js";

/**
 * A keyed request that was accepted as a job either ran, or its job was given to another request of
 * the key, or was removed, or failed for good. (The run itself is the matter of `checkKeys`.)
 */
export const checkReplaced: Check = (history) => {
  const { requests, runsByRequest, failedRows } = history;
  const jobs = new Map<string, Request[]>();
  /** Removals, and requests whose answer was lost, by key. */
  const others = new Map<string, Request[]>();
  for (const request of requests.values()) {
    if (request.key === null || request.state === "refused" || request.task === "batch") continue;
    if (request.job !== undefined) append(jobs, request.job, request);
    else append(others, request.key, request);
  }
  return [...jobs].flatMap(([job, accepted]) =>
    accepted
      .filter(({ name, mode }) => mode !== "unsafe_dedupe" && !runsByRequest.has(name))
      .filter((request) => {
        const isLater = (other: Request) => other !== request && other.happenedBy > request.sentAt;
        const isReplaced = accepted.some(
          (other) => isLater(other) && other.mode !== "unsafe_dedupe",
        );
        const mayBe = (others.get(request.key ?? "") ?? []).some(isLater);
        return !isReplaced && !mayBe && !failedRows.has(job);
      })
      .map(({ name, key, line }) => ({
        check: "replaced",
        message: `request ${name} of key ${key} became job ${job}, which never ran with it, though nothing replaced or removed it`,
        lines: [line],
      })),
  );
};
