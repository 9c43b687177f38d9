import { getJob } from "../../../manage/index.js";
import { exitCodes, NotFoundError } from "../../failure.js";
import { printFacts, printResult } from "../../output.js";
import type { DatabaseFlags } from "../../session.js";
import { printable } from "../../terminal.js";
import { databaseCommand } from "../command.js";

export const showCommand = databaseCommand<DatabaseFlags, [id: string]>({
  name: "show",
  description: "Show a job with its payload.",
  examples: `
    taskwright jobs show 42
    taskwright jobs show 42 --json | jq .job.payload`,
  configure: (command) => command.argument("<id>", "the job's id"),
  run: async ({ db, schema, terminal }, flags, id) => {
    const job = await getJob(db, id, { schema });
    if (job === undefined) {
      throw new NotFoundError(
        `There is no job ${id}: it was completed or removed, or there never was one.`,
      );
    }
    printResult(terminal, flags, { job }, () => {
      const { payload, flags: jobFlags, attempts, maxAttempts, ...facts } = job;
      printFacts(terminal, {
        id: facts.id,
        task: facts.task,
        state: facts.state,
        attempts: `${attempts} of ${maxAttempts}`,
        "run at": facts.runAt,
        priority: facts.priority,
        queue: facts.queueName,
        key: facts.key,
        flags: jobFlags.length === 0 ? null : jobFlags.join(", "),
        "last error": facts.lastError,
        "locked by": facts.lockedBy,
        "locked at": facts.lockedAt,
        "created at": facts.createdAt,
        "updated at": facts.updatedAt,
        revision: facts.revision,
      });
      for (const line of JSON.stringify(payload, null, 2).split("\n")) {
        terminal.out(printable(line));
      }
    });
    return exitCodes.ok;
  },
});
