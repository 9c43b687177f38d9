import type { EntryOf } from "../ledger/dispatch.js";
import type { Aspect, History, Request } from "./history.js";

/**
 * A statement whose answer was lost comes to its end within this time, if at all: no fault lasts half
 * as long, and its connection does not outlive the fault.
 */
const longestDoubtMs = 60_000;

/** Follows the requests of all producers. */
export function readRequests(): Aspect<Pick<History, "requests">> {
  const requests = new Map<string, Request>();
  const begin = (entry: EntryOf<"request"> | EntryOf<"removal">) => {
    const isRemoval = entry.kind === "removal";
    requests.set(entry.request, {
      name: entry.request,
      isRemoval,
      task: isRemoval ? "" : entry.task,
      key: entry.key ?? null,
      mode: isRemoval ? undefined : entry.mode,
      sentAt: entry.at,
      line: entry.line,
      state: "uncertain",
      happenedBy: entry.at + longestDoubtMs,
    });
  };
  return {
    readers: {
      request: begin,
      removal: begin,
      accepted: ({ at, request: name, job }) => {
        const request = requests.get(name);
        if (request === undefined) return;
        Object.assign(request, { state: "accepted", happenedBy: at, job });
      },
      refused: ({ request: name }) => {
        const request = requests.get(name);
        if (request !== undefined) request.state = "refused";
      },
    },
    result: { requests },
  };
}
