import { dispatch } from "../ledger/dispatch.js";
import type { StoredEntry } from "../ledger/records.js";
import {
  append,
  processOf,
  type Aspect,
  type FailedRow,
  type History,
  type Sweep,
} from "./history.js";
import { readLives } from "./lives.js";
import { readRequests } from "./requests.js";
import { readRuns } from "./runs.js";
import { readTroubles } from "./troubles.js";

/** Puts the entries of all processes together; they come in the order of time. */
export function buildHistory(entries: readonly StoredEntry[]): History {
  const aspects = [
    readLives(),
    readRequests(),
    readRuns(),
    readTroubles(),
    readRecovery(),
    readState(),
  ] as const;
  for (const entry of entries) for (const { readers } of aspects) dispatch(readers, entry);
  const [lives, requests, runs, troubles, recovery, state] = aspects;
  return {
    entries,
    ...lives.result,
    ...requests.result,
    ...runs.result,
    ...troubles.result,
    ...recovery.result,
    ...state.result,
  };
}

function readRecovery(): Aspect<Pick<History, "sweeps" | "declaredDead" | "unlocks">> {
  const sweeps: Sweep[] = [];
  const declaredDead = new Map<string, number[]>();
  const unlocks = new Map<string, number[]>();
  return {
    readers: {
      swept: ({ at, line, workers, jobs }) =>
        void sweeps.push({ at, line, workers, jobs: new Set(jobs) }),
      "declared dead": (entry) => append(declaredDead, processOf(entry), entry.at),
      unlocked: ({ at, jobs }) => {
        for (const job of jobs) append(unlocks, job, at);
      },
    },
    result: { sweeps, declaredDead, unlocks },
  };
}

/** What was in the database in the end. */
function readState(): Aspect<Pick<History, "failedRows" | "effects">> {
  const failedRows = new Map<string, FailedRow>();
  const effects = new Map<string, number>();
  return {
    readers: {
      "failed row": (entry) => void failedRows.set(entry.job, entry),
      effect: ({ request, count }) => void effects.set(request, count),
    },
    result: { failedRows, effects },
  };
}
