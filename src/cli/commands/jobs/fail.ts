import { permanentlyFailJobs } from "../../../manage/index.js";
import type { ConfirmFlags } from "../../confirm.js";
import type { DatabaseFlags } from "../../session.js";
import { changeCommand } from "./change.js";

interface Flags extends DatabaseFlags, ConfirmFlags {
  readonly reason?: string;
}

export const failCommand = changeCommand<Flags>({
  name: "fail",
  description: "Fail jobs for good. Those that run are left alone.",
  examples: `
    taskwright jobs fail 42 --reason "the customer left"
    taskwright jobs retry 42            undoes it`,
  done: "failed",
  warning: (jobs) => `This fails ${jobs} for good.`,
  configure: (command) => command.option("--reason <text>", "what to write down as the last error"),
  change: ({ db, schema }, ids, { reason }) => permanentlyFailJobs(db, ids, reason, { schema }),
});
