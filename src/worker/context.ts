import type { Executor } from "../database/executor.js";
import type { Job } from "../jobs/job.js";
import type { Logger } from "../log.js";
import type { AddJob } from "../tasks/added.js";
import type { CronInfo, JobContext, JobTransaction } from "../tasks/context.js";
import type { ClaimedJob } from "./claimed-job.js";

/** What all jobs of a worker share. */
export interface SharedContext<App> {
  readonly app: App;
  readonly logger: Logger;
  readonly db: Executor;
  readonly add: AddJob;
  readonly withTransaction: <T>(fn: (tx: JobTransaction) => Promise<T>) => Promise<T>;
}

/** Makes the context of one job. Most handlers use little of it, so its parts are made when asked for. */
export class Context<App, Payload> implements JobContext<App, Payload> {
  readonly app: App;
  readonly db: Executor;
  readonly add: AddJob;
  readonly cron: CronInfo | undefined;
  readonly trace: unknown;
  readonly withTransaction: <T>(fn: (tx: JobTransaction) => Promise<T>) => Promise<T>;
  readonly #claimed: ClaimedJob;
  readonly #logger: Logger;
  readonly #signal: () => AbortSignal;
  #log: Logger | undefined;

  constructor(
    shared: SharedContext<App>,
    claimed: ClaimedJob,
    signal: () => AbortSignal,
    reserved: { readonly cron: unknown; readonly trace: unknown },
  ) {
    this.app = shared.app;
    this.db = shared.db;
    this.add = shared.add;
    this.withTransaction = shared.withTransaction;
    this.cron = reserved.cron as CronInfo | undefined;
    this.trace = reserved.trace;
    this.#claimed = claimed;
    this.#logger = shared.logger;
    this.#signal = signal;
  }

  get job(): Job<Payload> {
    return this.#claimed.job as Job<Payload>;
  }

  get signal(): AbortSignal {
    return this.#signal();
  }

  get log(): Logger {
    const { id, task } = this.#claimed;
    this.#log ??= withDetails(this.#logger, { jobId: id, task });
    return this.#log;
  }
}

/** A logger that adds the same details to each message. */
function withDetails(logger: Logger, shared: Readonly<Record<string, unknown>>): Logger {
  const add =
    (level: keyof Logger) =>
    (message: string, details: Readonly<Record<string, unknown>> = {}): void =>
      logger[level](message, { ...shared, ...details });
  return { debug: add("debug"), info: add("info"), warn: add("warn"), error: add("error") };
}
