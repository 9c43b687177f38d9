import { Argument } from "commander";
import { resumeQueue, resumeTask, type PauseKind } from "../../manage/index.js";
import { exitCodes } from "../failure.js";
import { printResult } from "../output.js";
import type { DatabaseFlags } from "../session.js";
import { printable } from "../terminal.js";
import { databaseCommand } from "./command.js";
import { kinds } from "./pause.js";

export const resumeCommand = databaseCommand<DatabaseFlags, [kind: PauseKind, name: string]>({
  name: "resume",
  description: "End the pause of a task or a queue.",
  examples: `
    taskwright resume task send_email
    taskwright resume queue imports`,
  configure: (command) =>
    command
      .addArgument(new Argument("<kind>", "what to resume").choices([...kinds]))
      .argument("<name>", "the task's identifier or the queue's name"),
  run: async ({ db, schema, terminal }, flags, kind, name) => {
    await (kind === "task" ? resumeTask : resumeQueue)(db, name, { schema });
    printResult(terminal, flags, { kind, name }, () => {
      terminal.out(`resumed ${kind} ${printable(name)}`);
    });
    return exitCodes.ok;
  },
});
