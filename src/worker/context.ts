import { checkExecutor, type Executor } from "../database/executor.js";
import type { Job } from "../jobs/job.js";
import type { Logger } from "../log.js";
import type { AddJob } from "../tasks/added.js";
import type { CronInfo, JobContext, JobTransaction } from "../tasks/context.js";
import { readCronInfo } from "../tasks/reserved.js";
import { refuseTransaction } from "./completion.js";
import { EnqueuingTransaction } from "./job-transaction.js";

/** What all jobs of a worker share. */
export interface SharedContext<App> {
  readonly app: App;
  readonly logger: Logger;
  readonly db: Executor;
  readonly add: AddJob;
  readonly withTransaction: <T>(fn: (tx: JobTransaction) => Promise<T>) => Promise<T>;
}

/** The job that a context is of. */
export interface ContextJob {
  readonly id: string;
  /** The task identifier. */
  readonly task: string;
  readonly job: Job;
}

/** What the context asks of the run that it is part of. */
export interface RunControl {
  readonly signal: AbortSignal;
  /** @param isTransaction Whether `tx` is known to be a transaction. */
  completeIn(tx: Executor, isTransaction: boolean): Promise<void>;
}

/** Makes the context of one job. Most handlers use little of it, so its parts are made when asked for. */
export class Context<App, Payload> implements JobContext<App, Payload> {
  readonly app: App;
  readonly db: Executor;
  readonly add: AddJob;
  readonly cron: CronInfo | undefined;
  readonly trace: unknown;
  readonly #shared: SharedContext<App>;
  readonly #claimed: ContextJob;
  readonly #run: RunControl;
  #log: Logger | undefined;

  constructor(
    shared: SharedContext<App>,
    claimed: ContextJob,
    run: RunControl,
    reserved: { readonly cron: unknown; readonly trace: unknown },
  ) {
    this.app = shared.app;
    this.db = shared.db;
    this.add = shared.add;
    this.cron = readCronInfo(reserved.cron);
    this.trace = reserved.trace;
    this.#claimed = claimed;
    this.#shared = shared;
    this.#run = run;
  }

  get job(): Job<Payload> {
    return this.#claimed.job as Job<Payload>;
  }

  get signal(): AbortSignal {
    return this.#run.signal;
  }

  // Getters, so that handlers may take them apart from the context.

  get withTransaction(): JobContext["withTransaction"] {
    return (fn) => this.#shared.withTransaction(fn);
  }

  get completeIn(): JobContext["completeIn"] {
    return async (tx) => {
      checkExecutor(tx);
      if (tx === this.db) refuseTransaction();
      await this.#run.completeIn(tx, EnqueuingTransaction.is(tx));
    };
  }

  get log(): Logger {
    const { id, task } = this.#claimed;
    this.#log ??= withDetails(this.#shared.logger, { jobId: id, task });
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
