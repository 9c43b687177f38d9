import { Threads } from "../isolation/threads.js";
import type { JobContext } from "../tasks/context.js";
import type { WorkerEvents } from "../events.js";
import type { Service } from "../services/service.js";
import type { RunControl } from "./context.js";
import type { ResolvedWorkerOptions } from "./options.js";
import { threadConnection, type ConnectionSource } from "./thread-connection.js";

/** An isolated handler to run, and the callbacks of the run. */
export interface IsolatedRun {
  readonly payload: unknown;
  readonly ctx: JobContext<unknown>;
  readonly control: RunControl;
  /** Its abort ends the handler's thread. */
  readonly killed: AbortSignal;
  /** Called when the job has to wait for a thread. */
  readonly onWaiting: () => void;
  /** Called when the handler is about to be called. */
  readonly onStarted: () => void;
}

/** What of a worker's options threads depend on. */
export type IsolatingWorker = Pick<
  ResolvedWorkerOptions<unknown>,
  "isolation" | "concurrency" | "schema" | "preparedStatements" | "plugins" | keyof ConnectionSource
>;

/** Runs the handlers of isolated tasks in threads, with what the worker's options say. */
export class IsolatedHandlers implements Service {
  readonly #threads: Threads;

  constructor(module: string, worker: IsolatingWorker, events: WorkerEvents) {
    const { isolation, concurrency, schema, preparedStatements, plugins } = worker;
    const { maxPoolSize, maxThreads, ...limits } = isolation;
    this.#threads = new Threads({
      ...limits,
      entry: entryUrl(),
      maxThreads: Math.min(maxThreads, concurrency),
      data: {
        module,
        schema,
        preparedStatements,
        maxPoolSize,
        connection: threadConnection(worker),
        enqueuePlugins: plugins
          .filter(({ enqueue }) => enqueue !== undefined)
          .map(({ name }) => name),
      },
      onError: (error) => events.emit("thread:error", () => ({ error })),
    });
  }

  start(): void {
    this.#threads.start();
  }

  stop(): Promise<void> {
    return this.#threads.stop();
  }

  /** Makes the stop not wait for the threads. */
  hurry(): void {
    this.#threads.hurry();
  }

  /** Settles as the handler does. @throws TaskwrightError `JOB_CRASHED` */
  run({ payload, ctx, control, killed, onWaiting, onStarted }: IsolatedRun): Promise<void> {
    const { job, cron, trace, log } = ctx;
    return this.#threads.run({
      job,
      payload,
      cron,
      trace,
      log,
      signal: control.signal,
      killed,
      onWaiting,
      onStarted,
      completeIn: (tx) => control.completeIn(tx, false),
    });
  }
}

/** The threads' module lies beside this one, compiled or not. */
function entryUrl(): URL {
  const extension = import.meta.url.endsWith(".ts") ? "ts" : "js";
  return new URL(`./thread/entry.${extension}`, import.meta.url);
}
