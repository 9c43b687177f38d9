import { comingTicks, type ComingTick } from "../../../cron/list.js";
import { exitCodes } from "../../failure.js";
import { printResult, printTable, type Column } from "../../output.js";
import { addDatabaseOptions } from "../../session.js";
import { integer, time } from "../../values.js";
import { describeCommand, type CommandMaker } from "../command.js";
import { addEntryOptions, loadEntries, type EntryFlags } from "./entries.js";

interface Flags extends EntryFlags {
  readonly count: number;
  readonly after?: Date;
}

const columns: readonly Column<ComingTick>[] = [
  { head: "time", cell: ({ ts }) => ts },
  { head: "task", cell: ({ entry }) => entry.task },
  { head: "id", cell: ({ entry }) => entry.id },
];

/** Needs no database: the schedules alone tell. */
export const nextCommand: CommandMaker = (terminal, end) => {
  const command = describeCommand({
    name: "next",
    description: "Tell when the project's recurring jobs are due next.",
    examples: `
      taskwright cron next
      taskwright cron next --count 50 --after 2030-03-31T00:00:00Z`,
  })
    .option("--count <count>", "ticks in all", integer(1, 100_000), 10)
    .option("--after <time>", "those after this time, such as +1d (default: now)", time);
  return addDatabaseOptions(addEntryOptions(command)).action(async () => {
    const flags = command.opts<Flags>();
    const { count, after = new Date() } = flags;
    const ticks = comingTicks(await loadEntries(flags, terminal), { count, after });
    const shown = ticks.map(({ entry, ts }) => ({ id: entry.id, task: entry.task, ts }));
    printResult(terminal, flags, { ticks: shown }, () => printTable(terminal, columns, ticks));
    end(exitCodes.ok);
  });
};
