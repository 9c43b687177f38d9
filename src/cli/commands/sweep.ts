import { sweep } from "../../manage/index.js";
import { exitCodes } from "../failure.js";
import { count, printResult } from "../output.js";
import type { DatabaseFlags } from "../session.js";
import { printable } from "../terminal.js";
import { duration } from "../values.js";
import { databaseCommand } from "./command.js";

interface Flags extends DatabaseFlags {
  readonly unregistered?: number;
  readonly delay?: number;
}

export const sweepCommand = databaseCommand<Flags>({
  name: "sweep",
  description: "Look once for dead workers and give their jobs back, as workers do by themselves.",
  examples: `
    taskwright sweep
    taskwright sweep --unregistered 4h     also take old locks of workers that never registered`,
  configure: (command) =>
    command
      .option(
        "--unregistered <duration>",
        "take locks of unregistered workers, such as Node's graphile-worker, from this age on",
        duration,
      )
      .option("--delay <duration>", "how much later the jobs are due", duration),
  run: async ({ db, schema, terminal }, flags) => {
    const { unregistered, delay } = flags;
    const result = await sweep(db, {
      schema,
      ...(unregistered === undefined ? {} : { unregisteredThresholdMs: unregistered }),
      ...(delay === undefined ? {} : { recoveryDelayMs: delay }),
    });
    printResult(terminal, flags, result, () => {
      const { swept, deadWorkerIds, recoveredJobIds, failedJobIds } = result;
      if (!swept) terminal.out("another sweep is at work; nothing was looked at");
      else if (deadWorkerIds.length === 0) terminal.out("no worker is dead");
      else {
        const ids = deadWorkerIds.map(printable).join(" ");
        const given = recoveredJobIds.length - failedJobIds.length;
        terminal.out(`returned ${count(given, "job")} of ${ids}`);
        if (failedJobIds.length > 0) {
          const jobs = `${count(failedJobIds.length, "job")} for good: ${failedJobIds.join(" ")}`;
          terminal.out(`failed ${jobs} (see their last error: a worker died while it ran them)`);
        }
      }
    });
    return exitCodes.ok;
  },
});
