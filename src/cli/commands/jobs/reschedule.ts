import { rescheduleJobs, type Reschedule } from "../../../manage/index.js";
import { UsageError } from "../../failure.js";
import type { DatabaseFlags } from "../../session.js";
import { integer, time } from "../../values.js";
import { maxInt16 } from "../../../option-rules.js";
import { changeCommand } from "./change.js";

type Flags = DatabaseFlags & Reschedule;

export const rescheduleCommand = changeCommand<Flags>({
  name: "reschedule",
  description:
    "Give jobs another time, priority or number of attempts. Those that run are left alone.",
  examples: `
    taskwright jobs reschedule 42 --run-at 2030-01-31T12:00:00Z
    taskwright jobs reschedule 42 43 --run-at +30m --priority 5
    taskwright jobs reschedule 42 --attempts 0 --max-attempts 5`,
  done: "rescheduled",
  configure: (command) =>
    command
      .option(
        "--run-at <time>",
        "not before this time: ISO 8601, now, or from now such as +5m",
        time,
      )
      .option("--priority <number>", "lower runs first", integer(-maxInt16 - 1, maxInt16))
      .option("--attempts <count>", "number of attempts already used", integer(0, maxInt16))
      .option("--max-attempts <count>", "how many attempts there are in all", integer(1, maxInt16)),
  change: ({ db, schema }, ids, { runAt, priority, attempts, maxAttempts }) => {
    const given = Object.entries({ runAt, priority, attempts, maxAttempts });
    const values = Object.fromEntries(given.filter(([, value]) => value !== undefined));
    if (Object.keys(values).length === 0) {
      throw new UsageError("Say what to change: --run-at, --priority, --attempts, --max-attempts.");
    }
    return rescheduleJobs(db, ids, { schema, ...values });
  },
});
