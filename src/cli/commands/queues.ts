import { listQueues, type QueueInfo } from "../../manage/index.js";
import { exitCodes } from "../failure.js";
import { printResult, printTable, type Column } from "../output.js";
import type { DatabaseFlags } from "../session.js";
import { paint } from "../terminal.js";
import { integer } from "../values.js";
import { databaseCommand } from "./command.js";

interface Flags extends DatabaseFlags {
  readonly search?: string;
  readonly limit: number;
  readonly cursor?: string;
}

const columns: readonly Column<QueueInfo>[] = [
  { head: "queue", cell: ({ name }) => name },
  { head: "jobs", cell: ({ jobs }) => jobs, isNumber: true },
  { head: "due", cell: ({ due }) => due, isNumber: true },
  { head: "failed", cell: ({ failed }) => failed, isNumber: true },
  { head: "oldest due", cell: ({ oldestDueAt }) => oldestDueAt },
  { head: "paused", cell: ({ isPaused }) => (isPaused ? "yes" : "") },
  { head: "locked by", cell: ({ lockedBy }) => lockedBy },
  { head: "locked at", cell: ({ lockedAt }) => lockedAt },
];

export const queuesCommand = databaseCommand<Flags>({
  name: "queues",
  description: "List named queues, by name, page by page.",
  examples: `
    taskwright queues
    taskwright queues --search mail: --json`,
  configure: (command) =>
    command
      .option("--search <text>", "with this text in their name")
      .option("--limit <count>", "queues on a page", integer(1, 1000), 100)
      .option("--cursor <cursor>", "the cursor that the previous page ended with"),
  run: async ({ db, schema, terminal }, flags) => {
    const { search, limit, cursor } = flags;
    const page = await listQueues(db, {
      schema,
      limit,
      ...(search === undefined ? {} : { search }),
      ...(cursor === undefined ? {} : { cursor }),
    });
    printResult(terminal, flags, page, () => {
      printTable(terminal, columns, page.queues);
      if (page.nextCursor === null) return;
      terminal.err(paint(terminal, "dim", `More: --cursor ${page.nextCursor}`));
    });
    return exitCodes.ok;
  },
});
