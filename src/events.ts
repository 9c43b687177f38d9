import type { CronEvents } from "./cron/events.js";
import { checkListener } from "./event-names.js";
import type { Job } from "./jobs/job.js";

/**
 * Every event of a worker, with what its listeners get. The names are graphile-worker's where it has
 * the event: what it calls a pool is a worker here. Every event also carries the worker's id.
 */
export interface WorkerEventMap extends CronEvents {
  /** The worker is about to start. */
  "pool:create": object;
  /** The schema is a newer peer's; the message says what that means. */
  "migrate:warning": { readonly message: string };
  /** Row level security hides the rows of these tables from the worker's role. */
  "access:warning": { readonly message: string; readonly tables: readonly string[] };
  /** The worker listens and claims. */
  "pool:start": object;
  /** The worker has stopped; nothing of it is left. */
  "pool:release": object;
  /** A stop has begun: no job is claimed from now on. */
  "pool:gracefulShutdown": { readonly message: string };
  "pool:gracefulShutdown:complete": object;
  /** A stop no longer waits: running jobs are given back. */
  "pool:forcefulShutdown": { readonly message: string };
  "pool:forcefulShutdown:complete": object;
  /**
   * These jobs stay locked until a sweep: a stop gave up on the database, or the database refused every
   * form of a result.
   */
  "pool:fatalError": {
    readonly action: string;
    readonly error: Error;
    readonly jobs: readonly Job[];
  };

  /** The worker is about to connect in order to listen. */
  "pool:listen:connecting": { readonly attempts: number };
  "pool:listen:success": object;
  /** Listening failed; until it works again the worker polls. */
  "pool:listen:error": { readonly error: Error };
  "pool:listen:notification": object;
  /** The worker stopped listening. */
  "pool:listen:release": object;
  /**
   * The server didn't know a statement that the worker had prepared, as behind a pooler in transaction
   * mode. The worker goes on without prepared statements and polls instead of listening.
   */
  "pool:prepared:lost": { readonly error: Error };

  /** The worker is about to claim. */
  "worker:getJob:start": { readonly maxJobs: number };
  /** A claim failed; it is tried again after `retryInMs`. */
  "worker:getJob:error": { readonly error: Error; readonly retryInMs: number };
  /** A claim found nothing. */
  "worker:getJob:empty": object;
  /** A claim found something. */
  "localQueue:getJobs:complete": { readonly count: number };
  /** Jobs that were claimed and not started are given back, the attempt uncounted. */
  "localQueue:returnJobs": { readonly count: number };

  "job:start": { readonly job: Job };
  /** The handler succeeded. */
  "job:success": { readonly job: Job };
  /** A plugin completed the job without its handler. */
  "job:skipped": { readonly job: Job };
  /** The attempt failed. */
  "job:error": { readonly job: Job; readonly error: Error };
  /** The last attempt failed: the job is not tried again. Comes after `job:error`. */
  "job:failed": { readonly job: Job; readonly error: Error };
  /** The result, good or bad, is in the database. */
  "job:complete": { readonly job: Job; readonly error: Error | undefined };
  /** A running job was given back by a shutdown, the attempt uncounted. */
  "job:interrupted": { readonly job: Job };
  /**
   * The worker didn't hold the job any more, so that its result changed nothing. After an outage in
   * which the worker was declared dead, also where the result may have been written before that.
   */
  "job:lost": { readonly job: Job };
  /**
   * A handler ended after the worker had stopped waiting for it, or failed after its own transaction
   * had completed the job; its result changed nothing.
   */
  "job:late": { readonly job: Job; readonly error: Error | undefined };

  /** A thread of isolated tasks ended by an error while no job ran in it. */
  "thread:error": { readonly error: Error };
  /**
   * The event loop was blocked for `blockedMs` milliseconds: a handler, or other code of the process,
   * computed without a pause. `jobs` ran meanwhile; one of them may be the cause. `endangersWorker`: the
   * block took at least half of the silence after which other workers declare this one dead.
   */
  "eventLoop:blocked": {
    readonly blockedMs: number;
    readonly jobs: readonly Job[];
    readonly endangersWorker: boolean;
  };

  /** A settle interceptor failed; the job's outcome stays as its run had it. */
  "plugin:error": { readonly job: Job; readonly error: Error };

  /** A heartbeat failed; after `sweepThresholdMs` without one the worker is declared dead. */
  "heartbeat:error": { readonly error: Error };
  /** The worker was declared dead although it is alive: other workers may have its jobs. */
  "heartbeat:lost": object;
  /** This worker gave the jobs of dead ones back. */
  "sweep:complete": {
    readonly deadWorkerIds: readonly string[];
    readonly recoveredJobIds: readonly string[];
    /** Those of them that failed for good, because workers died too often while they ran them. */
    readonly failedJobIds: readonly string[];
  };
  "sweep:error": { readonly error: Error };

  /**
   * Jobs couldn't be marked as started. Those that had to wait for it are given back, the attempt
   * uncounted; nothing that needs a mark starts for `retryInMs`.
   */
  "starts:error": { readonly error: Error; readonly count: number; readonly retryInMs: number };

  /** The worker couldn't look whether its running jobs are still its own. */
  "locks:error": { readonly error: Error };
  /** Results could not be written; they are tried again after `retryInMs`, `count` of them. */
  "settle:error": {
    readonly error: Error;
    readonly count: number;
    readonly retryInMs: number;
    /** The job whose result the database refused as it was: it is written in a simpler form. */
    readonly refused: readonly Job[];
  };
}

/** The name of a worker's event. */
export type WorkerEventName = keyof WorkerEventMap;

/** What a listener gets. */
export type WorkerEvent<Name extends WorkerEventName> = WorkerEventMap[Name] & {
  readonly workerId: string;
};

/** May be asynchronous; what it throws or rejects with harms nothing and is reported. */
export type WorkerListener<Name extends WorkerEventName> = (event: WorkerEvent<Name>) => unknown;

/** One listener for each of some events. */
export type WorkerListeners = {
  readonly [Name in WorkerEventName]?: WorkerListener<Name>;
};

type AnyListener = (event: never) => unknown;

/** The channel on which a worker reports what happens. Logs and metrics are listeners of it. */
export class WorkerEvents {
  readonly #workerId: string;
  readonly #report: (event: WorkerEventName, error: unknown) => void;
  readonly #listeners = new Map<WorkerEventName, Set<AnyListener>>();

  /** @param report Told of listeners that fail. */
  constructor(workerId: string, report: (event: WorkerEventName, error: unknown) => void) {
    this.#workerId = workerId;
    this.#report = report;
  }

  /**
   * Adds a listener and returns the function that removes it.
   * @throws TaskwrightError `OPTION_UNKNOWN` for an event that doesn't exist, `OPTION_INVALID` for a
   * listener that is no function.
   */
  on<Name extends WorkerEventName>(name: Name, listener: WorkerListener<Name>): () => void {
    checkListener("events.on", name, listener);
    return this.#add(name, listener);
  }

  /** Adds a listener for one time and returns the function that removes it. Throws as `on`. */
  once<Name extends WorkerEventName>(name: Name, listener: WorkerListener<Name>): () => void {
    checkListener("events.once", name, listener);
    const remove = this.on(name, (event) => {
      remove();
      return listener(event);
    });
    return remove;
  }

  /** Adds each listener to the event that it is listed under. */
  addAll(listeners: WorkerListeners): void {
    for (const [name, listener] of Object.entries(listeners)) {
      if (listener !== undefined) this.#add(name as WorkerEventName, listener);
    }
  }

  /** Calls the listeners, in the order in which they came. `data` is only made if there are any. */
  emit<Name extends WorkerEventName>(name: Name, data: () => WorkerEventMap[Name]): void {
    const listeners = this.#listeners.get(name);
    if (listeners === undefined || listeners.size === 0) return;
    const event: WorkerEvent<Name> = { ...data(), workerId: this.#workerId };
    for (const listener of [...listeners] as WorkerListener<Name>[]) {
      try {
        Promise.resolve(listener(event)).catch((error: unknown) => this.#fail(name, error));
      } catch (error) {
        this.#fail(name, error);
      }
    }
  }

  #fail(name: WorkerEventName, error: unknown): void {
    try {
      this.#report(name, error);
    } catch {
      // A logger that throws as well can't be reported.
    }
  }

  #add(name: WorkerEventName, listener: AnyListener): () => void {
    const listeners = this.#listeners.get(name) ?? new Set<AnyListener>();
    this.#listeners.set(name, listeners.add(listener));
    return () => {
      listeners.delete(listener);
    };
  }
}
