import { MessageChannel, receiveMessageOnPort, type MessagePort } from "node:worker_threads";
import type { Executor, QueryResult, Statement } from "../database/executor.js";
import { toError } from "../errors.js";
import type { Job } from "../jobs/job.js";
import type { Logger } from "../log.js";
import { pack, unpack } from "./copy.js";
import { crashError, readCrash, startError } from "./crash.js";
import type { JobRequest, ThreadMessage, WorkerMessage } from "./messages.js";
import { RemoteTransaction } from "./remote-transaction.js";

/** One run of a handler in a thread. */
export interface Call {
  readonly job: Job;
  /** Validated, with its defaults. */
  readonly payload: unknown;
  readonly cron: unknown;
  readonly trace: unknown;
  /** When it aborts, the handler's own signal aborts. */
  readonly signal: AbortSignal;
  /** When it aborts, the thread is ended. */
  readonly killed: AbortSignal;
  /** Takes what the handler logs. */
  readonly log: Logger;
  /** Called when the job has to wait for a thread. */
  readonly onWaiting: () => void;
  /** Called when the handler is about to be called. */
  readonly onStarted: () => void;
  completeIn(tx: Executor): Promise<void>;
}

/** Hands a job to the pool, whose promise settles when the thread is free again or has ended. */
export type Submit = (request: JobRequest, kill: AbortSignal) => Promise<unknown>;

export interface CallLimits {
  /** Milliseconds until the handler has to be called. */
  readonly loadTimeoutMs: number;
}

/** Milliseconds that a thread may stay busy after its handler has ended; then the thread is ended. */
const restMs = 5000;

/**
 * The worker's end of a call:
 *
 *     submitted --started--> running --done, failed--> over --> free
 *         |                     |                                ^
 *         +--- load timeout ----+--- the thread ended, killed ---+
 */
export class RunningCall {
  /** Settles as the handler does; rejects with `JOB_CRASHED` when its thread ended before. */
  readonly result: Promise<void>;
  /** Resolves when the thread can take another job, or has ended. */
  readonly freed: Promise<void>;
  readonly #call: Call;
  readonly #port: MessagePort;
  readonly #kill = new AbortController();
  readonly #transactions = new Map<number, RemoteTransaction>();
  readonly #statements = new Map<number, PromiseWithResolver>();
  readonly #onAbort = () => this.#tell({ kind: "abort", reason: pack(this.#call.signal.reason) });
  readonly #onKilled = () => this.#kill.abort();
  #nextStatement = 0;
  #resolve: () => void = () => {};
  #reject: (error: Error) => void = () => {};
  #hasStarted = false;
  #isOver = false;
  #timer: NodeJS.Timeout | undefined;

  constructor(call: Call, submit: Submit, { loadTimeoutMs }: CallLimits) {
    this.#call = call;
    this.result = new Promise((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
    });
    const { port1, port2 } = new MessageChannel();
    this.#port = port1;
    port1.on("message", (message: ThreadMessage) => this.#hear(message));
    const { job, payload, cron, trace, signal, killed } = call;
    signal.addEventListener("abort", this.#onAbort);
    killed.addEventListener("abort", this.#onKilled);
    this.#timer = setTimeout(() => this.#giveUpLoading(loadTimeoutMs), loadTimeoutMs);
    const request = { job, payload, cron, trace, port: port2 };
    this.freed = this.#submit(submit, request);
    if (signal.aborted) this.#onAbort();
    if (killed.aborted) this.#onKilled();
  }

  /** Resolves once the thread is free, whatever became of the job. */
  async #submit(submit: Submit, request: JobRequest): Promise<void> {
    let thrown: unknown = new Error("The thread gave no answer.");
    try {
      await submit(request, this.#kill.signal);
    } catch (error) {
      thrown = error;
    }
    clearTimeout(this.#timer);
    // Messages that the thread sent before it ended count.
    for (;;) {
      const received = receiveMessageOnPort(this.#port);
      if (received === undefined) break;
      this.#hear(received.message as ThreadMessage);
    }
    this.#port.close();
    if (!this.#isOver) this.#end(() => this.#reject(this.#explain(thrown)));
    for (const { reject } of this.#statements.values()) reject(new Error("The thread has ended."));
    clearTimeout(this.#timer);
  }

  #explain(thrown: unknown): Error {
    const { job, killed } = this.#call;
    if (killed.aborted)
      return crashError(
        job,
        "exit",
        "was ended, because the handler did not stop when it was aborted",
      );
    const [cause, what] = readCrash(thrown);
    if (cause !== "exception" || this.#hasStarted) return crashError(job, cause, what, thrown);
    return startError(job, thrown);
  }

  /** Its thread can't be started. */
  fail(error: Error): void {
    this.#end(() => this.#reject(startError(this.#call.job, error)));
    this.#kill.abort();
  }

  #giveUpLoading(loadTimeoutMs: number): void {
    const what = `did not call the handler within ${loadTimeoutMs} ms. Check what the module of the option isolation.module waits for when it is imported, or raise isolation.loadTimeoutMs`;
    this.#end(() => this.#reject(crashError(this.#call.job, "load", what)));
    this.#kill.abort();
  }

  /** Never throws: it is called by the port, where nothing would catch the error. */
  #hear(message: ThreadMessage): void {
    try {
      this.#take(message);
    } catch (error) {
      this.#end(() => this.#reject(toError(error)));
    }
  }

  #take(message: ThreadMessage): void {
    switch (message.kind) {
      case "started":
        clearTimeout(this.#timer);
        this.#hasStarted = true;
        this.#call.onStarted();
        return;
      case "log":
        return this.#log(message);
      case "completeIn":
        void this.#completeIn(message.call, message.tx);
        return;
      case "rows":
        return this.#answer(message.call, ({ resolve }) => resolve(toResult(message)));
      case "refused":
        return this.#answer(message.call, ({ reject }) => reject(toError(unpack(message.error))));
      case "done":
        return this.#end(() => this.#resolve());
      case "failed":
        this.#end(() => this.#reject(this.#readFailure(message.error)));
        if (!message.isUsable) this.#kill.abort();
    }
  }

  #readFailure(error: Extract<ThreadMessage, { readonly kind: "failed" }>["error"]): Error {
    if (error === undefined) return this.#call.signal.reason as Error;
    return toError(unpack(error));
  }

  /** Only the first call has an effect. */
  #end(settle: () => void): void {
    if (this.#isOver) return;
    this.#isOver = true;
    const { signal, killed } = this.#call;
    signal.removeEventListener("abort", this.#onAbort);
    killed.removeEventListener("abort", this.#onKilled);
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#kill.abort(), restMs);
    settle();
  }

  #log({ level, message, details }: Extract<ThreadMessage, { readonly kind: "log" }>): void {
    try {
      const more =
        details === undefined ? [] : [unpack(details) as Readonly<Record<string, unknown>>];
      this.#call.log[level](message, ...more);
    } catch {
      // A logger that throws must not fail the handler.
    }
  }

  async #completeIn(call: number, tx: number): Promise<void> {
    try {
      await this.#call.completeIn(this.#transaction(tx));
      this.#tell({ kind: "completed", call, error: undefined });
    } catch (error) {
      this.#tell({ kind: "completed", call, error: pack(error) });
    }
  }

  /** The same transaction is the same object each time. */
  #transaction(tx: number): RemoteTransaction {
    let transaction = this.#transactions.get(tx);
    if (transaction === undefined) {
      transaction = new RemoteTransaction((statement) => this.#ask(tx, statement));
      this.#transactions.set(tx, transaction);
    }
    return transaction;
  }

  #ask(tx: number, statement: Statement): Promise<QueryResult> {
    return new Promise((resolve, reject) => {
      const call = this.#nextStatement;
      this.#nextStatement += 1;
      this.#statements.set(call, { resolve, reject });
      this.#tell({ kind: "statement", call, tx, statement });
    });
  }

  #answer(call: number, settle: (statement: PromiseWithResolver) => void): void {
    const statement = this.#statements.get(call);
    this.#statements.delete(call);
    if (statement !== undefined) settle(statement);
  }

  #tell(message: WorkerMessage): void {
    this.#port.postMessage(message, []);
  }
}

interface PromiseWithResolver {
  readonly resolve: (result: QueryResult) => void;
  readonly reject: (error: Error) => void;
}

function toResult({ rows, command }: Extract<ThreadMessage, { readonly kind: "rows" }>) {
  return command === undefined ? { rows } : { rows, command };
}
