import { foreigners } from "./plan.js";
import type { History, Violation } from "./history/history.js";

const mostPerCheck = 10;
const mostLines = 12;

/** Counts of what happened, for people. */
export function summarize(history: History): string {
  const { requests, runs, lives, sweeps, effects, failedRows, troubles, entries } = history;
  const all = [...requests.values()];
  const states = ["accepted", "uncertain", "refused"] as const;
  const countState = (state: string) => all.filter((request) => request.state === state).length;
  const repeated = [...history.runsByJob.values()].filter((list) => list.length > 1).length;
  const ends = [...lives.values()];
  const killed = ends.filter(({ end }) => end?.expected === "killed").length;
  const poisoned = ends.filter(({ isPoisoned }) => isPoisoned).length;
  const peerDeaths = ends.filter(
    ({ actor, end }) => foreigners.has(actor) && end !== undefined && end.expected === undefined,
  );
  const byActor = count(runs.map(({ actor }) => actor));
  const lag = entries.filter(({ kind }) => kind === "lag" || kind === "slow database").length;
  return [
    `requests: ${states.map((state) => `${countState(state)} ${state}`).join(", ")}`,
    `runs: ${runs.length} (${list(byActor)}); ${repeated} jobs ran more than once`,
    `tasks: ${list(count(runs.map(({ task }) => task)))}`,
    `faults: ${list(count(troubles.map(({ what }) => what)))}`,
    `processes: ${lives.size} started, ${killed} killed, ${poisoned} ended by poison jobs, ${peerDeaths.length} of the peers ended by themselves`,
    `sweeps that found somebody dead: ${sweeps.length}; effects: ${effects.size}; rows failed for good: ${failedRows.size}; delays of the machine: ${lag}`,
  ].join("\n");
}

/** The violations, each with the lines of the ledger that show it; of many of a kind the first ones. */
export function describeViolations(violations: readonly Violation[]): string {
  return [...count(violations.map(({ check }) => check))]
    .map(([check, total]) => {
      const shown = violations.filter((violation) => violation.check === check);
      const texts = shown.slice(0, mostPerCheck).map(describe);
      const more = total > mostPerCheck ? [`  … and ${total - mostPerCheck} more`] : [];
      return [`${check}: ${total}`, ...texts, ...more].join("\n");
    })
    .join("\n");
}

function describe({ message, lines }: Violation): string {
  return `  - ${message}\n    ${lines.slice(0, mostLines).join(" ")}`;
}

function count(values: readonly string[]): ReadonlyMap<string, number> {
  const counts = new Map<string, number>();
  for (const value of values) counts.set(value, (counts.get(value) ?? 0) + 1);
  return counts;
}

function list(counts: ReadonlyMap<string, number>): string {
  return [...counts].map(([name, number]) => `${name} ${number}`).join(", ");
}
