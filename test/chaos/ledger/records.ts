import type { JobKeyMode } from "taskwright";

/**
 * What the processes of a chaos run write down. Times are milliseconds since 1970; all processes, the
 * server's included, are on one machine and read one clock. `actor` names a role, such as `worker-2`; each of
 * its processes has a ledger of its own.
 */
export type Entry = ProducerEntry | WorkerEntry | SupervisorEntry;

/** An entry as it was read back. */
export type StoredEntry = Entry & Origin;

/** Where an entry stands. */
export interface Origin {
  readonly at: number;
  readonly actor: string;
  readonly pid: number;
  /** File and line, for reports. */
  readonly line: string;
}

/** How a request reaches the queue. */
export type Way = "helper" | "coalesced" | "many" | "bulk" | "transaction" | "sql";

export type ProducerEntry =
  /** Written before anything is sent. */
  | {
      readonly kind: "request";
      readonly request: string;
      readonly way: Way;
      readonly task: string;
      readonly key?: string | undefined;
      readonly mode?: JobKeyMode | undefined;
      readonly maxAttempts?: number | undefined;
    }
  /** A `removeJob` that is about to be sent. */
  | { readonly kind: "removal"; readonly request: string; readonly key: string }
  | { readonly kind: "accepted"; readonly request: string; readonly job?: string | undefined }
  /** Known not to be in the database, such as a transaction that was rolled back. */
  | { readonly kind: "refused"; readonly request: string; readonly why: string }
  /** The answer was lost. A request without any answer is as uncertain. */
  | { readonly kind: "uncertain"; readonly request: string; readonly why: string };

export type WorkerEntry =
  /** The process listens to signals; or it has come to its end, and listens no more. */
  | { readonly kind: "ready" | "finished" }
  /** An id under which the process locks jobs. */
  | { readonly kind: "worker"; readonly worker: string }
  | {
      readonly kind: "start";
      readonly run: string;
      readonly job: string;
      readonly task: string;
      readonly queue: string | null;
      readonly key: string | null;
      /** The payload's request; of a batch, its items' requests. */
      readonly requests: readonly string[];
      readonly attempt: number;
      readonly maxAttempts: number;
      /** The time of the claim's lock, on the server's clock, which is the same machine's. */
      readonly claimedAt: number;
    }
  | {
      readonly kind: "end";
      readonly run: string;
      readonly failed: boolean;
      /** Of a batch: the requests of the items that failed. */
      readonly failedRequests?: readonly string[] | undefined;
    }
  /** The worker says that the result is in the database. */
  | { readonly kind: "settled"; readonly job: string; readonly failed: boolean }
  /** The worker gave a running job back, or stopped without knowing what became of it. */
  | { readonly kind: "interrupted" | "unsettled" | "lost" | "late"; readonly job: string }
  | {
      readonly kind: "swept";
      readonly workers: readonly string[];
      readonly jobs: readonly string[];
    }
  /** Another worker had declared this one dead. */
  | { readonly kind: "declared dead" }
  | { readonly kind: "heartbeat failed" }
  /** The handler is about to end its own process. */
  | { readonly kind: "poison"; readonly run: string; readonly how: string }
  /** A poison job that came back too often to go on killing processes. */
  | { readonly kind: "spared"; readonly run: string }
  | { readonly kind: "memory"; readonly rss: number; readonly heap: number }
  | { readonly kind: "note"; readonly text: string }
  | Lag;

/** The process, or the database as the supervisor sees it, did nothing for so many milliseconds. */
interface Lag {
  readonly kind: "lag" | "slow database";
  readonly ms: number;
}

export type SupervisorEntry =
  | Lag
  | { readonly kind: "phase"; readonly name: string }
  | { readonly kind: "spawned"; readonly child: string; readonly childPid: number }
  | {
      readonly kind: "exited";
      readonly child: string;
      readonly childPid: number;
      readonly code: number | null;
      readonly signal: string | null;
      /** What the supervisor had done to it; undefined: nothing. */
      readonly expected?: string | undefined;
      /** The end of its output, if it ended by itself. */
      readonly output?: string | undefined;
    }
  | {
      readonly kind: "fault begins";
      readonly id: number;
      readonly fault: string;
      /** An actor, a table; undefined: everybody. */
      readonly target?: string | undefined;
    }
  | {
      readonly kind: "fault ends";
      readonly id: number;
      /** Why nothing was done. */
      readonly skipped?: string | undefined;
      /** Why it went wrong, when another fault came between. */
      readonly failed?: string | undefined;
    }
  /** Jobs of peers that are known to be dead were given back by hand. */
  | { readonly kind: "unlocked"; readonly jobs: readonly string[] }
  | { readonly kind: "left"; readonly what: string; readonly detail: string }
  | {
      readonly kind: "failed row";
      readonly job: string;
      readonly task: string;
      readonly key: string | null;
      readonly requests: readonly string[];
      readonly attempts: number;
      readonly maxAttempts: number;
      readonly lastError: string | null;
    }
  | { readonly kind: "effect"; readonly request: string; readonly count: number };
