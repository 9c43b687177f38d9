import { randomBytes } from "node:crypto";
import { parseArgs } from "node:util";

export interface ChaosOptions {
  /** How long there is trouble; the end takes as long again as it takes to drain the queue. */
  readonly minutes: number;
  readonly seed: string;
  /** Check a ledger of before, instead of making one. */
  readonly check: string | undefined;
  /** Keep the ledger even of a run without a violation. */
  readonly keep: boolean;
}

const usage = "pnpm chaos [--minutes=2] [--seed=random] [--keep] [--check=folder]";

export function readOptions(args: readonly string[]): ChaosOptions {
  const { values } = parseArgs({
    args: [...args],
    options: {
      minutes: { type: "string", default: "2" },
      seed: { type: "string", default: randomBytes(4).toString("hex") },
      keep: { type: "boolean", default: false },
      check: { type: "string" },
    },
  });
  const minutes = Number(values.minutes);
  if (!(minutes > 0)) throw new Error(`--minutes must be a number above 0. Usage: ${usage}`);
  return { minutes, seed: values.seed, keep: values.keep, check: values.check };
}
