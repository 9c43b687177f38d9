import type { Executor } from "../database/executor.js";
import { inTransaction } from "../database/transactional.js";
import { pickRules } from "../option-rules.js";
import { recoveryRules, resolveRecovery, type RecoveryOptions } from "../recovery/options.js";
import { sweep as sweepOnce, type SweepResult } from "../recovery/sweep.js";
import { changes, manage, manageRules, type ManageOptions } from "./options.js";

/** Options of `sweep`; the defaults are those of a worker. */
export type SweepOptions = ManageOptions & Pick<RecoveryOptions, (typeof sweepable)[number]>;

const sweepable = [
  "foreignThresholdMs",
  "recoveryDelayMs",
  "resilientFlags",
  "resilientMultiplier",
  "unregisteredThresholdMs",
  "maxCrashes",
  "hook",
  "hookTimeoutMs",
] as const satisfies (keyof RecoveryOptions)[];

const rules = { ...manageRules, ...pickRules(recoveryRules, sweepable) };

/**
 * Looks once for dead workers and gives their jobs back, as each Taskwright worker does from time to
 * time: for where none runs, or to have it done now. It takes turns with the workers' sweeps, those
 * of the Rust crate included.
 * @param db A pool of `pg`, or an executor inside of a transaction.
 * @throws TaskwrightError `OPTION_UNKNOWN`, `OPTION_INVALID`, `SCHEMA_MISSING`; what the hook throws is in the
 * result
 */
export function sweep(db: Executor, options: SweepOptions = {}): Promise<SweepResult> {
  return manage("sweep", changes, options, rules, (queries, { schema: _schema, ...recovery }) => {
    const run = <T>(fn: (tx: Executor) => Promise<T>) => inTransaction("sweep", db, fn);
    return sweepOnce(queries, run, resolveRecovery(recovery));
  });
}
