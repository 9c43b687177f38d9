import { defineBatchTask, defineTask, type JobKeyMode, type TaskDefinition } from "taskwright";

/** What every payload says about itself and its job's behaviour. */
export interface Payload {
  /** Names the request that the payload belongs to. */
  readonly request: string;
  /** The queue that it was added to; peers' handlers aren't told. */
  readonly queue?: string;
  /** Milliseconds that the handler takes. */
  readonly ms?: number;
  /** The handler fails until it has made so many attempts. */
  readonly failures?: number;
  /** How a poison job kills its process, and what an effect's handler does beside its effect. */
  readonly how?: string;
}

export type Item = Pick<Payload, "request" | "failures">;

const common = { schema: "graphile_worker", validator: () => true } as const;

function task(identifier: string, options: { readonly timeoutMs?: number } = {}) {
  return defineTask<Payload, Payload>({ identifier, ...common, ...options });
}

/** The tasks of a chaos run. */
export const tasks = {
  fast: task("fast"),
  slow: task("slow"),
  queued: task("queued"),
  keyed: task("keyed"),
  flaky: task("flaky"),
  doomed: task("doomed"),
  batch: defineBatchTask<readonly Item[], readonly Item[]>({
    identifier: "batch",
    batch: {},
    ...common,
  }),
  /** At most {@link fleetLimit} at once in all workers of ours. */
  limited: task("limited"),
  /** Completes itself in a transaction that also writes its effect. */
  effect: task("effect", { timeoutMs: 8000 }),
  /** Keeps the event loop busy. */
  blocker: task("blocker"),
  /** Kills its process. */
  poison: task("poison"),
} as const;

export type TaskName = keyof typeof tasks;
export type PlainTask = TaskDefinition<Payload, Payload>;

/** What Node's graphile-worker runs too. */
export const sharedTasks = ["fast", "slow", "queued", "keyed", "flaky", "doomed", "batch"] as const;
/** What the worker runs that is to live as long as the chaos does. */
export const harmlessTasks = [...sharedTasks, "limited", "effect"] as const;

export const fleetLimit = 2;
export const keyModes: readonly JobKeyMode[] = ["replace", "preserve_run_at", "unsafe_dedupe"];

/** A worker is declared dead after so many milliseconds of silence. */
export const sweepThresholdMs = 3000;
export const heartbeatIntervalMs = 500;
/** A worker of the Rust crate: it is not killed by being slow, for its results are not fenced. */
export const foreignThresholdMs = 20_000;
/** A claimed job that waited for so many milliseconds goes back. */
export const bufferTimeoutMs = 2000;
/** As many crashes are a job's own fault: the library's default. */
export const maxCrashes = 3;
