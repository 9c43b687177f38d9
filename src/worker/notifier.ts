import type { ClientBase } from "pg";
import type { Executor } from "../database/executor.js";
import type { Queries } from "../database/queries.js";
import { toError } from "../errors.js";
import type { WorkerEvents } from "../events.js";
import { Backoff, Pause } from "./backoff.js";
import type { ListenConnection } from "./connections.js";
import { Lifecycle, type Service } from "./service.js";

export interface NotifierOptions {
  readonly queries: Queries;
  readonly connect: () => Promise<ListenConnection>;
  readonly events: WorkerEvents;
  /** New jobs may be there: some were announced, or announcements may have been missed. */
  readonly onNotify: () => void;
  /** A connection can die without a word: milliseconds between two questions to it. */
  readonly checkIntervalMs: number;
  /** Milliseconds that it has to answer. */
  readonly checkTimeoutMs: number;
}

/**
 * Hears of new jobs on a connection of its own. When the connection breaks or falls silent it makes a
 * new one, for as long as it takes; meanwhile the worker polls.
 */
export class Notifier implements Service {
  readonly #options: NotifierOptions;
  readonly #lifecycle = new Lifecycle();
  readonly #backoff = new Backoff({ firstMs: 100, maxMs: 10_000 });
  /** Ends a wait: for the next attempt, or for the next check of the connection. */
  readonly #pause = new Pause();
  #loop: Promise<void> | undefined;

  constructor(options: NotifierOptions) {
    this.#options = options;
  }

  /** Returns after the first attempt, whatever came of it. */
  start(): Promise<void> {
    return new Promise((resolve) => {
      if (this.#lifecycle.start()) this.#loop = this.#run(resolve);
      else resolve();
    });
  }

  stop(): Promise<void> {
    return this.#lifecycle.stop(async () => {
      this.#pause.end();
      await this.#loop;
    });
  }

  async #run(onFirstAttempt: () => void): Promise<void> {
    while (this.#lifecycle.isStarted) {
      try {
        await this.#listen(onFirstAttempt);
      } catch (error) {
        if (this.#lifecycle.isStarted) await this.#onFailure(toError(error));
      }
      onFirstAttempt();
    }
  }

  /** Listens until the notifier stops; rejects when the connection breaks. */
  async #listen(onListening: () => void): Promise<void> {
    const { queries, connect, events, onNotify } = this.#options;
    events.emit("pool:listen:connecting", () => ({ attempts: this.#backoff.failures }));
    const connection = await connect();
    const { client } = connection;
    const onNotification = () => {
      events.emit("pool:listen:notification", () => ({}));
      onNotify();
    };
    client.on("notification", onNotification);
    try {
      const broken = breakOf(client);
      await queries.listenForJobs(client);
      this.#backoff.reset();
      events.emit("pool:listen:success", () => ({}));
      onListening();
      onNotify();
      while (this.#lifecycle.isStarted) {
        await Promise.race([this.#check(client), broken]);
        // A stop that came meanwhile found no wait to end.
        if (this.#lifecycle.isStopped) break;
        await Promise.race([this.#pause.wait(this.#options.checkIntervalMs), broken]);
      }
    } finally {
      this.#pause.end();
      client.off("notification", onNotification);
      connection.release();
      events.emit("pool:listen:release", () => ({}));
    }
  }

  async #onFailure(error: Error): Promise<void> {
    this.#options.events.emit("pool:listen:error", () => ({ error }));
    await this.#pause.wait(this.#backoff.next());
  }

  /** Rejects unless the connection answers in time. */
  async #check(client: Executor): Promise<void> {
    const limitMs = this.#options.checkTimeoutMs;
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<never>((_resolve, reject) => {
      const error = new Error(`The connection that listens didn't answer within ${limitMs} ms.`);
      timer = setTimeout(() => reject(error), limitMs);
    });
    try {
      await Promise.race([this.#options.queries.ping(client), late]);
    } finally {
      clearTimeout(timer);
    }
  }
}

/** A promise that rejects when the connection breaks, and does nothing else. */
function breakOf(client: ClientBase): Promise<never> {
  const broken = new Promise<never>((_resolve, reject) => {
    client.on("error", reject);
    client.on("end", () => reject(new Error("The connection that listens was closed.")));
  });
  // It may break while nobody waits for it.
  broken.catch(() => {});
  return broken;
}
