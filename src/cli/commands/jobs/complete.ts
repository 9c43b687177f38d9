import { completeJobs } from "../../../manage/index.js";
import { changeCommand } from "./change.js";

export const completeCommand = changeCommand({
  name: "complete",
  description: "Complete jobs without running them. Those that run are left alone.",
  examples: `
    taskwright jobs complete 42
    taskwright jobs complete --yes 42 43 44`,
  done: "completed",
  warning: (jobs) => `This completes ${jobs} without running: nothing of them is left.`,
  change: ({ db, schema }, ids) => completeJobs(db, ids, { schema }),
});
