import { jobStates } from "../../jobs/stored-job.js";
import { getStats, type Rates, type TaskStats } from "../../manage/index.js";
import { exitCodes } from "../failure.js";
import { printResult, printTable, type Column } from "../output.js";
import type { DatabaseFlags } from "../session.js";
import type { Terminal } from "../terminal.js";
import { duration } from "../values.js";
import { databaseCommand } from "./command.js";

interface Flags extends DatabaseFlags {
  readonly rates?: number;
}

type Row = readonly [name: string, stats: TaskStats];

const columns: readonly Column<Row>[] = [
  { head: "task", cell: ([name]) => name },
  ...jobStates.map((state): Column<Row> => ({
    head: state,
    cell: ([, stats]) => stats.states[state],
    isNumber: true,
  })),
  { head: "total", cell: ([, { total }]) => total, isNumber: true },
  {
    head: "oldest due",
    cell: ([, { oldestDueAgeMs }]) => formatAge(oldestDueAgeMs),
    isNumber: true,
  },
];

export const statsCommand = databaseCommand<Flags>({
  name: "stats",
  description: "Count the jobs by task and state, and tell how long the oldest due one waits.",
  examples: `
    taskwright stats
    taskwright stats --rates 10s        also measure how fast jobs come and go
    taskwright stats --json`,
  configure: (command) =>
    command.option("--rates <duration>", "measure rates for so long, 60s at most", duration),
  run: async ({ db, schema, terminal }, flags) => {
    const { rates: ratesOverMs } = flags;
    const stats = await getStats(db, {
      schema,
      ...(ratesOverMs === undefined ? {} : { ratesOverMs }),
    });
    printResult(terminal, flags, { stats }, () => {
      const tasks = Object.entries(stats.tasks);
      printTable(terminal, columns, [...tasks, ["all", stats]]);
      if (stats.rates !== undefined) showRates(terminal, stats.rates);
    });
    return exitCodes.ok;
  },
});

function showRates(terminal: Terminal, { addedPerSecond, finishedPerSecond, overMs }: Rates): void {
  terminal.out("");
  terminal.out(`added\t${addedPerSecond.toFixed(1)} a second`);
  terminal.out(`finished\t${finishedPerSecond.toFixed(1)} a second`);
  terminal.out(`measured\t${(overMs / 1000).toFixed(1)} s`);
}

function formatAge(ms: number | null): string {
  if (ms === null) return "";
  const seconds = Math.round(ms / 1000);
  const parts = [Math.floor(seconds / 3600), Math.floor((seconds % 3600) / 60), seconds % 60];
  return parts.map((part) => String(part).padStart(2, "0")).join(":");
}
