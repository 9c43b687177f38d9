import { randomBytes } from "node:crypto";
import { parseArgs } from "node:util";

export interface ChaosOptions {
  /** How long there is trouble; the end takes as long again as it takes to drain the queue. */
  readonly minutes: number;
  readonly seed: string;
  /** Build the Rust crate's worker, if cargo is there, which takes minutes the first time. */
  readonly rust: boolean;
  /** Check a ledger of before, instead of making one. */
  readonly check: string | undefined;
  /** Keep the ledger even of a run without a violation. */
  readonly keep: boolean;
}

const usage = "pnpm chaos [--minutes=2] [--seed=random] [--rust] [--keep] [--check=folder]";

export function readOptions(args: readonly string[]): ChaosOptions {
  const { values } = parseArgs({
    args: [...args],
    options: {
      minutes: { type: "string", default: "2" },
      seed: { type: "string", default: randomBytes(4).toString("hex") },
      rust: { type: "boolean", default: false },
      keep: { type: "boolean", default: false },
      check: { type: "string" },
    },
  });
  const minutes = Number(values.minutes);
  if (!(minutes > 0)) throw new Error(`--minutes must be a number above 0. Usage: ${usage}`);
  return { ...values, minutes, check: values.check };
}
