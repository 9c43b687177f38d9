import type { ClientBase, Notification } from "pg";
import type { Queries } from "../database/queries.js";
import { toError } from "../errors.js";
import type { WorkerEvents } from "../events.js";
import { parsePauseNotice, pauseChannel, type PauseNotice } from "../manage/pause-notice.js";
import { Backoff, Pause } from "../services/backoff.js";
import type { ListenConnection } from "./connections.js";
import { Lifecycle, type Service } from "../services/service.js";

export interface NotifierOptions {
  readonly queries: Queries;
  readonly connect: () => Promise<ListenConnection>;
  readonly events: WorkerEvents;
  /** New jobs may be there: some were announced, or announcements may have been missed. */
  readonly onNotify: () => void;
  /** Something was paused. */
  readonly onPause: (notice: PauseNotice) => void;
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
    // A listener of the first event may stop the notifier, whose stop must find this loop.
    await Promise.resolve();
    while (this.#lifecycle.isStarted) {
      try {
        await this.#listen(onFirstAttempt);
      } catch (error) {
        if (this.#lifecycle.isStarted) await this.#onFailure(toError(error));
      }
      onFirstAttempt();
    }
    onFirstAttempt();
  }

  /** Listens until the notifier stops; rejects when the connection breaks. */
  async #listen(onListening: () => void): Promise<void> {
    const { queries, connect, events, onNotify, checkIntervalMs } = this.#options;
    events.emit("pool:listen:connecting", () => ({ attempts: this.#backoff.failures }));
    const { client, release } = await connect();
    const connection = new Watched(client, () => this.#pause.end());
    const onNotification = (notification: Notification) => this.#onNotification(notification);
    client.on("notification", onNotification);
    try {
      await this.#inTime(queries.listenForJobs(client));
      await this.#inTime(queries.listenForPauses(client));
      this.#backoff.reset();
      events.emit("pool:listen:success", () => ({}));
      onListening();
      onNotify();
      while (this.#lifecycle.isStarted) {
        connection.throwIfBroken();
        await this.#pause.wait(checkIntervalMs);
        connection.throwIfBroken();
        if (this.#lifecycle.isStarted) await this.#inTime(queries.ping(client));
      }
    } finally {
      client.off("notification", onNotification);
      release();
      events.emit("pool:listen:release", () => ({}));
    }
  }

  #onNotification({ channel, payload }: Notification): void {
    const { events, onNotify, onPause } = this.#options;
    if (channel === pauseChannel) {
      const notice = parsePauseNotice(payload);
      if (notice !== undefined) onPause(notice);
    } else {
      events.emit("pool:listen:notification", () => ({}));
      onNotify();
    }
  }

  async #onFailure(error: Error): Promise<void> {
    this.#options.events.emit("pool:listen:error", () => ({ error }));
    await this.#pause.wait(this.#backoff.next());
  }

  /** Rejects unless the answer comes in time. */
  async #inTime(answer: Promise<unknown>): Promise<void> {
    const limitMs = this.#options.checkTimeoutMs;
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<never>((_resolve, reject) => {
      const error = new Error(`The connection that listens didn't answer within ${limitMs} ms.`);
      timer = setTimeout(() => reject(error), limitMs);
    });
    try {
      await Promise.race([answer, late]);
    } finally {
      clearTimeout(timer);
    }
  }
}

/** A connection that may break at any time. */
class Watched {
  #failure: Error | undefined;

  constructor(client: ClientBase, onBreak: () => void) {
    const fail = (error: Error) => {
      this.#failure ??= error;
      onBreak();
    };
    client.on("error", fail);
    client.on("end", () => fail(new Error("The connection that listens was closed.")));
  }

  throwIfBroken(): void {
    if (this.#failure !== undefined) throw this.#failure;
  }
}
