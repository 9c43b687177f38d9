import type { Command } from "commander";
import type { LockOptions } from "../../migrate/locks.js";
import { duration } from "../values.js";

/** How long a command that changes the schema waits for locks. */
export interface LockFlags {
  readonly lockTimeout?: number;
  readonly waitForLocks?: number;
}

/** Adds the options of {@link LockFlags}. */
export function addLockOptions(command: Command): Command {
  return command
    .option(
      "--lock-timeout <duration>",
      "how long a statement waits for a lock before it gives way (default: 1s)",
      duration,
    )
    .option(
      "--wait-for-locks <duration>",
      "how long to try again before it fails (default: 30s)",
      duration,
    );
}

export function lockOptions({ lockTimeout, waitForLocks }: LockFlags): LockOptions {
  return {
    ...(lockTimeout === undefined ? {} : { lockTimeoutMs: lockTimeout }),
    ...(waitForLocks === undefined ? {} : { waitForLocksMs: waitForLocks }),
  };
}
