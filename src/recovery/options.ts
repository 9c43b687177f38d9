import type { Job } from "../jobs/job.js";
import {
  func,
  integer,
  maxInt16,
  milliseconds,
  names,
  number,
  type Rules,
} from "../option-rules.js";
import { checkOptions, refuseOption } from "../options.js";

/** What to do with a job whose worker died. */
export type RecoveryDecision =
  /**
   * What happens without a hook: as `fail` if the job had started, since it may be the cause of its
   * worker's death; as `recover` if it was only claimed, or if that is not known.
   */
  | "default"
  /** Give it back: the attempt isn't counted, `recoveryDelayMs` applies. */
  | "recover"
  /**
   * Count the attempt and retry after the usual back-off. A job that had started fails for good at
   * `maxCrashes`.
   */
  | "fail"
  /** Leave it locked; the next sweep asks again. */
  | "leave"
  /** Give it back for another time, with its attempts set if given. */
  | { readonly runAt: Date; readonly attempts?: number };

/** What is known of a job that a dead worker holds. */
export interface RecoveryFacts {
  /**
   * Whether the job's handler had started. False also for a job of a fast task that died within its
   * first 50 ms. Undefined: not known, since the worker is a peer's.
   */
  readonly hasStarted: boolean | undefined;
  /** How often a worker died while it ran the job, this time included. */
  readonly crashes: number;
}

/**
 * Decides about one job of a dead worker. May be asked more than once about the same job. If it throws,
 * takes longer than `hookTimeoutMs` or returns an invalid decision, the job is left, and `sweep:error` is
 * emitted.
 */
export type RecoveryHook = (
  job: Job,
  deadWorkerId: string,
  facts: RecoveryFacts,
) => RecoveryDecision | Promise<RecoveryDecision>;

/**
 * How workers notice that another died. The names follow the Rust crate's `WorkerRecoveryConfig`.
 * With the defaults a dead worker's jobs are back within a minute.
 */
export interface RecoveryOptions {
  /** Milliseconds between two heartbeats. Default 10,000. */
  readonly heartbeatIntervalMs?: number;
  /** Milliseconds between two sweeps. Default 15,000. */
  readonly sweepIntervalMs?: number;
  /** Milliseconds of silence after which this worker may be declared dead. Default 35,000. */
  readonly sweepThresholdMs?: number;
  /**
   * The same for workers that don't say it of themselves, such as the Rust crate's. Default
   * 300,000, as there.
   */
  readonly foreignThresholdMs?: number;
  /** Milliseconds until a recovered job may run again. Default 0. */
  readonly recoveryDelayMs?: number;
  /** Jobs with one of these flags get their worker more time. Default `infrastructure_resilient`. */
  readonly resilientFlags?: readonly string[];
  /** How many times the threshold such a worker is given. Default 3. */
  readonly resilientMultiplier?: number;
  /**
   * Milliseconds after which locks of workers that never registered are taken for abandoned. Node's
   * graphile-worker doesn't register: set this only to more than its longest job takes. Default:
   * never.
   */
  readonly unregisteredThresholdMs?: number | null;
  /**
   * How many times workers may die while they run a job before it fails for good; 1 to 32,767. The
   * Rust crate's sweeps use the default. Default 3.
   */
  readonly maxCrashes?: number;
  /** Decides about each job of a dead worker. Default: none, every decision is `default`. */
  readonly hook?: RecoveryHook | undefined;
  /** Milliseconds that the hook has to decide about a job. Default 10,000. */
  readonly hookTimeoutMs?: number;
}

/** {@link RecoveryOptions} with every default filled in. */
export type ResolvedRecovery = Readonly<Required<Omit<RecoveryOptions, "hook">>> & {
  readonly hook: RecoveryHook | undefined;
};

const maxMultiplier = 1000;

/**
 * Each option's rule and default. PostgreSQL calculates with the milliseconds, too.
 * Source of the flag, the multiplier and the foreign threshold: the Rust crate's defaults.
 */
export const recoveryRules = {
  heartbeatIntervalMs: milliseconds(1).or(10_000),
  sweepIntervalMs: milliseconds(1).or(15_000),
  sweepThresholdMs: milliseconds(1).or(35_000),
  foreignThresholdMs: milliseconds().or(300_000),
  recoveryDelayMs: milliseconds().or(0),
  resilientFlags: names().or(Object.freeze(["infrastructure_resilient"])),
  resilientMultiplier: number(1, maxMultiplier).or(3),
  unregisteredThresholdMs: milliseconds(1)
    .orIs<null>("null", (value) => value === null)
    .or(null),
  maxCrashes: integer(1, maxInt16).or(3),
  hook: func<RecoveryHook>(),
  hookTimeoutMs: milliseconds(1).or(10_000),
} satisfies Rules<RecoveryOptions>;

/**
 * Checks options and fills in the defaults.
 * @param owner Whose options they are, for messages.
 * @throws TaskwrightError `OPTION_UNKNOWN`, `OPTION_INVALID`
 */
export function resolveRecovery(given: RecoveryOptions = {}, owner = "recovery"): ResolvedRecovery {
  const options: ResolvedRecovery = checkOptions(owner, given, recoveryRules);
  if (options.sweepThresholdMs < 2 * options.heartbeatIntervalMs) {
    const least = `at least twice heartbeatIntervalMs (${options.heartbeatIntervalMs})`;
    refuseOption(owner, "sweepThresholdMs", `${least}, or one late heartbeat would be a death`);
  }
  return options;
}
