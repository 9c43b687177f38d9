import { removeJob } from "../../../manage/index.js";
import { confirm, type ConfirmFlags } from "../../confirm.js";
import { exitCodes, NotFoundError } from "../../failure.js";
import { printResult } from "../../output.js";
import type { DatabaseFlags } from "../../session.js";
import { printable } from "../../terminal.js";
import { databaseCommand } from "../command.js";

type Flags = DatabaseFlags & ConfirmFlags;

export const removeCommand = databaseCommand<Flags, [key: string]>({
  name: "remove",
  description:
    "Remove the job with a key. One that runs loses its key and any retry, and its handler is aborted.",
  examples: `
    taskwright jobs remove welcome:ada@example.com
    taskwright jobs remove --yes nightly --json`,
  configure: (command) => command.argument("<key>", "the job's key").option("--yes", "don't ask"),
  run: async ({ db, schema, terminal }, flags, key) => {
    const warning = `This removes the job with the key "${printable(key)}".`;
    if (!(await confirm(terminal, flags, warning))) return exitCodes.failure;
    const job = await removeJob(db, key, { schema });
    if (job === undefined) throw new NotFoundError(`There is no job with the key "${key}".`);
    printResult(terminal, flags, { job }, () => {
      const isRunning = job.state === "running";
      terminal.out(isRunning ? `${job.id} runs: it won't be tried again` : `removed ${job.id}`);
    });
    return exitCodes.ok;
  },
});
