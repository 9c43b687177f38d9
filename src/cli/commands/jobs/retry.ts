import { retryJobs } from "../../../manage/index.js";
import { changeCommand } from "./change.js";

export const retryCommand = changeCommand({
  name: "retry",
  description: "Make jobs due that have failed for good, or that wait for their next attempt.",
  examples: `
    taskwright jobs retry 42
    taskwright jobs list --state failed --json | jq -r .jobs[].id | xargs taskwright jobs retry`,
  done: "made due",
  change: ({ db, schema }, ids) => retryJobs(db, ids, { schema }),
});
