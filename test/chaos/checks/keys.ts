import { append, type Check, type History, type Request, type Run } from "../history/history.js";
import { hasFailedRow, isDone } from "./lost.js";

/** Clocks have a resolution; a lock's time is the beginning of its transaction. */
const clockMs = 5;

/** A worker that died, or a peer, did not say when its result was in the database. */
const longestSettlingMs = 20_000;

/**
 * Each keyed request has a run that began after it was accepted, with its payload or a later one: or
 * else the key was removed, or a row has failed for good. A request that only deduplicates is content
 * with a run that was not over when it came.
 */
export const checkKeys: Check = (history) => {
  const violations = [];
  for (const [key, requests] of byKey(history)) {
    const latest = latestOutcomes(history, requests);
    for (const request of requests) {
      if (request.state !== "accepted" || request.isRemoval) continue;
      const isServed =
        request.mode === "unsafe_dedupe"
          ? latest.ended >= request.sentAt
          : isDone(history, request) || latest.began > request.sentAt;
      if (isServed || latest.removed > request.sentAt || hasLaterRow(history, requests, request)) {
        continue;
      }
      violations.push({
        check: "keys",
        message: `request ${request.name} (${request.mode}) of key ${key} was accepted, and no run came after it`,
        lines: [request.line],
      });
    }
  }
  return violations;
};

/**
 * Once a newer request of its key is accepted, or the key removed, an older payload is claimed no more,
 * not even if it ran when its worker died.
 */
export const checkStalePayloads: Check = (history) => {
  const violations = [];
  for (const [key, requests] of byKey(history)) {
    const superseding = requests.filter(
      ({ state, mode }) => state === "accepted" && mode !== "unsafe_dedupe",
    );
    for (const old of requests) {
      if (old.state !== "accepted" || old.isRemoval) continue;
      for (const run of history.runsByRequest.get(old.name) ?? []) {
        const newer = superseding.find(
          ({ sentAt, happenedBy }) =>
            sentAt > old.happenedBy && happenedBy < run.claimedAt - clockMs,
        );
        if (newer === undefined) continue;
        violations.push({
          check: "stale payloads",
          message: `job ${run.job} of key ${key} was claimed for request ${old.name} after ${newer.name} ${newer.isRemoval ? "had removed" : "had replaced"} it`,
          lines: [old.line, newer.line, run.line],
        });
      }
    }
  }
  return violations;
};

/** The requests of each key but those of batches, whose items merge. */
function byKey({ requests }: History): ReadonlyMap<string, Request[]> {
  const keys = new Map<string, Request[]>();
  for (const request of requests.values()) {
    if (request.key !== null && request.task !== "batch" && request.state !== "refused") {
      append(keys, request.key, request);
    }
  }
  return keys;
}

interface Latest {
  /** The last time at which a run began whose payload may be later than a request of before. */
  readonly began: number;
  /** When the last run was over. */
  readonly ended: number;
  readonly removed: number;
}

function latestOutcomes(history: History, requests: readonly Request[]): Latest {
  const latest = { began: -Infinity, ended: -Infinity, removed: -Infinity };
  for (const request of requests) {
    if (request.isRemoval) {
      latest.removed = Math.max(latest.removed, request.happenedBy);
      continue;
    }
    const runs = history.runsByRequest.get(request.name) ?? [];
    for (const run of runs) {
      latest.ended = Math.max(latest.ended, overAt(run));
      const { failed, startedAt } = run;
      if (failed !== false) continue;
      latest.began = Math.max(latest.began, Math.min(startedAt, request.happenedBy));
    }
  }
  return latest;
}

/** By when a run's row was gone: its handler's end is not yet that. */
function overAt({ settledAt, endedAt = -Infinity }: Run): number {
  return settledAt ?? endedAt + longestSettlingMs;
}

/** Whether a row has failed for good that belongs to the request or to a later one. */
function hasLaterRow(history: History, requests: readonly Request[], request: Request): boolean {
  return requests.some(
    (other) =>
      (other === request || other.happenedBy > request.sentAt) && hasFailedRow(history, other),
  );
}
