import type { StoredJob } from "../../../manage/index.js";
import type { Column } from "../../output.js";

/** How jobs are listed. */
export const jobColumns: readonly Column<StoredJob>[] = [
  { head: "id", cell: ({ id }) => id, isNumber: true },
  { head: "task", cell: ({ task }) => task },
  { head: "state", cell: ({ state }) => state },
  { head: "run at", cell: ({ runAt }) => runAt },
  {
    head: "attempts",
    cell: ({ attempts, maxAttempts }) => `${attempts}/${maxAttempts}`,
    isNumber: true,
  },
  { head: "priority", cell: ({ priority }) => priority, isNumber: true },
  { head: "queue", cell: ({ queueName }) => queueName },
  { head: "key", cell: ({ key }) => key },
  { head: "last error", cell: ({ lastError }) => lastError },
];
