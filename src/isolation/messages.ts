import type { MessagePort } from "node:worker_threads";
import type { Statement } from "../database/executor.js";
import type { Job } from "../jobs/job.js";
import type { Logger } from "../log.js";
import type { Copy } from "./copy.js";

/** What every thread of a worker is given when it starts. */
export interface ThreadData {
  /** The URL of the module with the handlers. */
  readonly module: string;
  readonly schema: string;
  readonly preparedStatements: boolean;
  /** What pg connects with. */
  readonly connection: Readonly<Record<string, unknown>>;
  readonly maxPoolSize: number;
  readonly idleTimeoutMs: number;
  /** The names of the worker's plugins that wrap the adding of jobs. */
  readonly enqueuePlugins: readonly string[];
}

/** A job for a thread. */
export interface JobRequest {
  readonly job: Job;
  /** Validated, with its defaults. */
  readonly payload: unknown;
  readonly cron: unknown;
  readonly trace: unknown;
  /** The way to the worker and back. */
  readonly port: MessagePort;
}

/** What the pool hands to a thread. */
export interface ThreadRequest {
  /** A job; or `end`: the thread releases its resources; undefined: there is nothing to do. */
  job: JobRequest | "end" | undefined;
}

/** What a thread sends to the worker about the job that it runs. */
export type ThreadMessage =
  /** The module is loaded and the handler is called next. */
  | { readonly kind: "started" }
  | {
      readonly kind: "log";
      readonly level: keyof Logger;
      readonly message: string;
      readonly details: Copy | undefined;
    }
  /** The handler wants its transaction `tx` to complete the job. */
  | { readonly kind: "completeIn"; readonly call: number; readonly tx: number }
  /** The answer to a statement of the worker's. */
  | {
      readonly kind: "rows";
      readonly call: number;
      readonly rows: unknown[];
      readonly command: string | undefined;
    }
  | { readonly kind: "refused"; readonly call: number; readonly error: Copy }
  /** The handler has succeeded. */
  | { readonly kind: "done" }
  /** It failed; without an error, with its signal's own reason. */
  | {
      readonly kind: "failed";
      readonly error: Copy | undefined;
      /** False when the module can't be loaded: an import that failed fails for as long as its thread lives. */
      readonly isUsable: boolean;
    };

/** What the worker sends to a thread about the job that it runs. */
export type WorkerMessage =
  | { readonly kind: "abort"; readonly reason: Copy }
  /** A statement to run in the handler's transaction `tx`. */
  | {
      readonly kind: "statement";
      readonly call: number;
      readonly tx: number;
      readonly statement: Statement;
    }
  /** The answer to `completeIn`. */
  | {
      readonly kind: "completed";
      readonly call: number;
      readonly error: Copy | undefined;
    };
