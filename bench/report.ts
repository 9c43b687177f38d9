import Table from "cli-table3";
import { format, median, quantile } from "./figures.js";
import type { Run } from "./measure.js";

const style = process.stdout.isTTY ? {} : { head: [], border: [] };

type ByContender<T> = ReadonlyMap<string, readonly T[]>;

/** One scenario's runs, a line a contender; the first contender is ours. */
export function scenarioTable(title: string, runs: ByContender<Run>): string {
  const table = new Table({
    style,
    head: [title, "jobs/s", "min - max", "ours / it", "its process, us/job", "server, us/job"],
  });
  const [ours = []] = runs.values();
  for (const [contender, its] of runs) {
    const rates = its.map(({ rate }) => rate);
    // By round: what slowed one down slowed its neighbour, too.
    const ratios = ours.map(({ rate }, round) => rate / (rates[round] ?? Number.NaN));
    table.push([
      contender,
      format(median(rates)),
      range(rates),
      its === ours ? "" : `${format(median(ratios))}x`,
      format(median(its.map(({ processCpuUs }) => processCpuUs))),
      format(median(its.map(({ serverCpuUs }) => serverCpuUs ?? Number.NaN))),
    ]);
  }
  return table.toString();
}

/** How long jobs took to reach a handler of an idle worker, a line a contender. */
export function latencyTable(latenciesMs: ByContender<readonly number[]>): string {
  const table = new Table({ style, head: ["idle latency, ms", "p50", "p99", "p50, min - max"] });
  for (const [contender, rounds] of latenciesMs) {
    const all = rounds.flat();
    table.push([
      contender,
      format(median(all)),
      format(quantile(all, 0.99)),
      range(rounds.map(median)),
    ]);
  }
  return table.toString();
}

function range(values: readonly number[]): string {
  return `${format(Math.min(...values))} - ${format(Math.max(...values))}`;
}
