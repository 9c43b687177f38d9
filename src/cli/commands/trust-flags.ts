import type { Command } from "commander";
import type { TrustOptions } from "../../migrate/trust.js";

/** Whose objects a command takes for the queue's. */
export interface TrustFlags {
  readonly trustOwner?: readonly string[];
}

/** Adds the option of {@link TrustFlags}. */
export function addTrustOption(command: Command): Command {
  return command.option("--trust-owner <role...>", "roles that may own the schema and its objects");
}

export function trustOptions({ trustOwner }: TrustFlags): TrustOptions {
  return trustOwner === undefined ? {} : { trustedOwners: trustOwner };
}
