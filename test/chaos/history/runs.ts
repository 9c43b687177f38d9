import type { EntryOf } from "../ledger/dispatch.js";
import type { StoredEntry } from "../ledger/records.js";
import { type Aspect, append, processOf, type History, type Run } from "./history.js";

type Runs = Pick<History, "runs" | "runsByJob" | "runsByRequest">;

/** Follows the runs of all workers. */
export function readRuns(): Aspect<Runs> {
  const runs: Run[] = [];
  const byName = new Map<string, Run>();
  const runsByJob = new Map<string, Run[]>();
  const runsByRequest = new Map<string, Run[]>();
  const nameOf = (entry: EntryOf<"start"> | EntryOf<"end">) => `${entry.actor} ${entry.run}`;
  /** The last run of a job in a process: what the process says of the job is about it. */
  const latest = (entry: StoredEntry & { readonly job: string }) => {
    const process = processOf(entry);
    return runsByJob.get(entry.job)?.findLast((run) => processOf(run) === process);
  };
  const giveUp = (entry: EntryOf<"late">) => {
    const run = latest(entry);
    if (run !== undefined) run.givenUpAt ??= entry.at;
  };
  return {
    readers: {
      start: (entry) => {
        const { kind: _, run: _name, at: startedAt, ...facts } = entry;
        const run: Run = { ...facts, startedAt };
        runs.push(run);
        byName.set(nameOf(entry), run);
        append(runsByJob, run.job, run);
        for (const request of run.requests) append(runsByRequest, request, run);
      },
      end: (entry) => {
        const { at: endedAt, failed, failedRequests = [] } = entry;
        const run = byName.get(nameOf(entry));
        if (run !== undefined) Object.assign(run, { endedAt, failed, failedRequests });
      },
      settled: (entry) => {
        const run = latest(entry);
        if (run === undefined) return;
        Object.assign(run, { settledAt: entry.at, settledAsFailed: entry.failed });
      },
      interrupted: giveUp,
      unsettled: giveUp,
      late: giveUp,
    },
    result: { runs, runsByJob, runsByRequest },
  };
}
