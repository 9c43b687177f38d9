import { forceUnlockWorkers, listWorkers } from "../../manage/index.js";
import { confirm, type ConfirmFlags } from "../confirm.js";
import { exitCodes } from "../failure.js";
import { count, printResult } from "../output.js";
import type { DatabaseFlags } from "../session.js";
import { printable } from "../terminal.js";
import { databaseCommand } from "./command.js";
import { stateOf } from "./workers.js";

type Flags = DatabaseFlags & ConfirmFlags;

export const unlockCommand = databaseCommand<Flags, [workerIds: readonly string[]]>({
  name: "unlock",
  description: "Take away the locks of workers that are known to be dead.",
  examples: `
    taskwright workers                       lists the workers that hold locks
    taskwright unlock worker-4f1c --yes`,
  configure: (command) =>
    command.argument("<workerIds...>", "the ids of workers").option("--yes", "don't ask"),
  run: async ({ db, schema, terminal }, flags, workerIds) => {
    const workers = (await listWorkers(db, { schema })).filter(({ id }) => workerIds.includes(id));
    const alive = workers.filter((worker) => stateOf(worker) === "alive");
    const names = alive.map(({ id }) => printable(id)).join(", ");
    const note =
      alive.length === 0
        ? "If one of them lives, its jobs run twice."
        : `By their heartbeats these live, and their jobs would run twice: ${names}.`;
    const warning = `This takes the locks of ${count(workerIds.length, "worker")} away. ${note}`;
    if (!(await confirm(terminal, flags, warning))) return exitCodes.failure;
    const unlocked = await forceUnlockWorkers(db, workerIds, { schema });
    printResult(terminal, flags, unlocked, () => {
      const { jobIds, queueNames } = unlocked;
      terminal.out(`unlocked ${count(jobIds.length, "job")}, ${count(queueNames.length, "queue")}`);
    });
    return exitCodes.ok;
  },
});
