import { fileURLToPath } from "node:url";
import type { Piscina } from "piscina";
import { toError } from "../errors.js";
import { Lifecycle, type Service } from "../services/service.js";
import { RunningCall, type Call, type Submit } from "./call.js";
import { Gate } from "./gate.js";
import type { ThreadData, ThreadRequest } from "./messages.js";

export interface ThreadsOptions {
  /** The module that each thread runs. */
  readonly entry: URL;
  readonly maxThreads: number;
  readonly maxHeapMb: number | undefined;
  readonly loadTimeoutMs: number;
  readonly idleTimeoutMs: number;
  readonly execArgv: readonly string[] | undefined;
  readonly data: Omit<ThreadData, "idleTimeoutMs">;
  /** Called when a thread ended by an error while no job ran in it. */
  readonly onError: (error: Error) => void;
}

/** How long idle threads have to dispose of their apps and to close their connections at a stop. */
const goodbyeMs = 1000;

/**
 * Threads that run one job each. A thread starts with the first job that finds none free, and ends when
 * it has been idle for a while, when it crashes or when its job has to be ended.
 *
 * The pool's own queue is never used: a job is only handed over when a thread is free for it, since a
 * crash would leave what waits in that queue behind.
 */
export class Threads implements Service {
  readonly #options: ThreadsOptions;
  readonly #lifecycle = new Lifecycle();
  readonly #gate: Gate;
  readonly #running = new Set<RunningCall>();
  #pool: Promise<Piscina> | undefined;
  /** Whether some thread has come up. */
  #hasStartedOne = false;
  #isHurried = false;

  constructor(options: ThreadsOptions) {
    this.#options = options;
    this.#gate = new Gate(options.maxThreads);
  }

  /** Threads start with the jobs. */
  start(): void {
    this.#lifecycle.start();
  }

  /**
   * Runs a handler in a thread and settles as it does. Rejects with the signal's reason when that aborts
   * before a thread was free.
   * @throws TaskwrightError `JOB_CRASHED`
   */
  async run(call: Call): Promise<void> {
    call.onWaiting();
    await this.#gate.enter(call.signal);
    const running = await this.#submit(call).catch((error: unknown) => {
      this.#gate.leave();
      throw error;
    });
    this.#running.add(running);
    void this.#leave(running);
    return running.result;
  }

  /** Lets the next one in when the thread is free. */
  async #leave(running: RunningCall): Promise<void> {
    await running.freed;
    this.#running.delete(running);
    this.#gate.leave();
  }

  async #submit(call: Call): Promise<RunningCall> {
    if (this.#lifecycle.isStopped) throw new Error("The worker has stopped.");
    this.#pool ??= this.#open();
    const pool = await this.#pool;
    const submit: Submit = async (job, signal) => {
      const request = { job: job as ThreadRequest["job"] };
      const transferList = [job.port];
      let running: Promise<unknown>;
      try {
        running = pool.run(request, { transferList, signal }) as Promise<unknown>;
      } catch (error) {
        // No thread could be started, and the pool still has the request in its queue. There it must
        // neither run nor be aborted: nothing would catch its rejection.
        request.job = undefined;
        transferList.length = 0;
        throw error;
      }
      return running;
    };
    return new RunningCall(call, submit, this.#options);
  }

  /** Ends the threads, which dispose of their apps before if they are idle. */
  stop(): Promise<void> {
    return this.#lifecycle.stop(async () => {
      const pool = await this.#pool?.catch(() => undefined);
      if (pool === undefined) return;
      if (!this.#isHurried) await this.#sayGoodbye(pool);
      // Not by the pool's own method: it rejects promises that nothing can catch.
      await within(goodbyeMs, Promise.all(pool.threads.map((thread) => thread.terminate())));
    });
  }

  /** Makes the stop, now or later, not wait for the threads. */
  hurry(): void {
    this.#isHurried = true;
  }

  async #open(): Promise<Piscina> {
    // Most workers have no isolated task.
    const { Piscina } = await import("piscina");
    const { entry, maxThreads, maxHeapMb, idleTimeoutMs, execArgv, data, onError } = this.#options;
    const workerData: ThreadData = { ...data, idleTimeoutMs };
    const pool = new Piscina({
      filename: fileURLToPath(entry),
      minThreads: 0,
      maxThreads,
      idleTimeout: idleTimeoutMs,
      // An idle thread must be able to close its connections.
      atomics: "disabled",
      recordTiming: false,
      workerData,
      ...(execArgv === undefined ? {} : { execArgv: [...execArgv] }),
      ...(maxHeapMb === undefined ? {} : { resourceLimits: { maxOldGenerationSizeMb: maxHeapMb } }),
    });
    pool.on("workerCreate", () => {
      this.#hasStartedOne = true;
    });
    pool.on("error", (error: unknown) => {
      onError(toError(error));
      // Without a thread the jobs would wait in the pool for as long as they may take to load.
      if (!this.#hasStartedOne) for (const running of this.#running) running.fail(toError(error));
    });
    return pool;
  }

  /** Makes each idle thread release its resources; waits for each of them for a limited time. */
  async #sayGoodbye(pool: Piscina): Promise<void> {
    const request: ThreadRequest = { job: "end" };
    // As many at a time as there are idle threads: each gets one.
    const answers = Array.from(
      { length: pool.idleThreads },
      () => pool.run(request) as Promise<unknown>,
    );
    await within(goodbyeMs, Promise.allSettled(answers));
  }
}

/** Waits for work, but at most `ms` milliseconds: native code may delay the end of a thread. */
async function within(ms: number, work: Promise<unknown>): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const limit = new Promise((resolve) => {
    timer = setTimeout(resolve, ms);
  });
  await Promise.race([work, limit]);
  clearTimeout(timer);
}
