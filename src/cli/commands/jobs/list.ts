import { Option } from "commander";
import { jobStates } from "../../../jobs/stored-job.js";
import { listJobs, type JobState } from "../../../manage/index.js";
import { exitCodes } from "../../failure.js";
import { printResult, printTable } from "../../output.js";
import type { DatabaseFlags } from "../../session.js";
import { paint } from "../../terminal.js";
import { integer, several } from "../../values.js";
import { databaseCommand } from "../command.js";
import { jobColumns } from "./columns.js";

interface Flags extends DatabaseFlags {
  readonly state?: readonly JobState[];
  readonly task?: readonly string[];
  readonly queue?: string;
  readonly key?: string;
  readonly flag?: readonly string[];
  readonly search?: string;
  readonly oldest?: boolean;
  readonly limit: number;
  readonly cursor?: string;
}

export const listCommand = databaseCommand<Flags>({
  name: "list",
  description: "List jobs, newest first, page by page.",
  examples: `
    taskwright jobs list                             the newest jobs
    taskwright jobs list --state failed              those that have failed for good
    taskwright jobs list --task send_email --search ada@example.com
    taskwright jobs list --json --limit 1000 | jq .jobs[].id`,
  configure: (command) =>
    command
      .addOption(new Option("--state <state...>", "in one of these states").choices([...jobStates]))
      .option("--task <task...>", "of one of these tasks")
      .option("--queue <name>", "in this queue")
      .option("--key <key>", "the job with this key")
      .option("--flag <flag>", "with this flag; may be given several times", several)
      .option("--search <text>", "with this text in the payload, the last error or the key")
      .option("--oldest", "oldest first")
      .option("--limit <count>", "jobs on a page", integer(1, 1000), 100)
      .option("--cursor <cursor>", "the cursor that the previous page ended with"),
  run: async ({ db, schema, terminal }, flags) => {
    const { queue, flag, oldest, limit, ...rest } = flags;
    const { state, task, key, search, cursor } = rest;
    const page = await listJobs(db, {
      schema,
      limit,
      order: oldest === true ? "oldest" : "newest",
      ...(state === undefined ? {} : { state }),
      ...(task === undefined ? {} : { task }),
      ...(queue === undefined ? {} : { queueName: queue }),
      ...(key === undefined ? {} : { key }),
      ...(flag === undefined ? {} : { flags: flag }),
      ...(search === undefined ? {} : { search }),
      ...(cursor === undefined ? {} : { cursor }),
    });
    printResult(terminal, flags, page, () => {
      printTable(terminal, jobColumns, page.jobs);
      if (page.nextCursor === null) return;
      terminal.err(paint(terminal, "dim", `More: --cursor ${page.nextCursor}`));
    });
    return exitCodes.ok;
  },
});
