import { runJobsNow } from "../../../manage/index.js";
import { changeCommand } from "./change.js";

export const runNowCommand = changeCommand({
  name: "run-now",
  description: "Make jobs due at once that are scheduled for later, or that wait for a retry.",
  examples: "taskwright jobs run-now 42",
  done: "made due",
  change: ({ db, schema }, ids) => runJobsNow(db, ids, { schema }),
});
