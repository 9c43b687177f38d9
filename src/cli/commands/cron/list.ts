import { listCronEntries, type ListedCronEntry } from "../../../cron/list.js";
import { exitCodes } from "../../failure.js";
import { printResult, printTable, type Column } from "../../output.js";
import { databaseCommand } from "../command.js";
import { addEntryOptions, loadEntries, type EntryFlags } from "./entries.js";

const columns: readonly Column<ListedCronEntry>[] = [
  { head: "id", cell: ({ id }) => id },
  { head: "task", cell: ({ entry }) => entry?.task ?? null },
  { head: "next", cell: ({ next }) => next[0] ?? null },
  { head: "last", cell: ({ lastExecution }) => lastExecution },
  { head: "known since", cell: ({ knownSince }) => knownSince },
];

export const listCommand = databaseCommand<EntryFlags>({
  name: "list",
  description:
    "List recurring jobs: the project's, and those that only the database knows, which have no task here.",
  examples: `
    taskwright cron list
    taskwright cron list --crontab crontab --json`,
  configure: addEntryOptions,
  run: async ({ db, schema, terminal }, flags) => {
    const entries = await listCronEntries(db, {
      schema,
      entries: await loadEntries(flags, terminal),
    });
    const shown = entries.map(({ entry, ...rest }) => ({ ...rest, task: entry?.task ?? null }));
    printResult(terminal, flags, { entries: shown }, () => printTable(terminal, columns, entries));
    return exitCodes.ok;
  },
});
