import type { Moment } from "../services/moment.js";
import type { Service } from "../services/service.js";
import { Heartbeat, type HeartbeatOptions } from "./heartbeat.js";
import { Sweeper } from "./sweeper.js";
import type { RunInTransaction } from "./sweep.js";

export interface RecoveryServices extends HeartbeatOptions {
  /** For the sweeps. */
  readonly withTransaction: RunInTransaction;
  /** Whether to sweep up after others too; a short run only says that it lives itself. */
  readonly sweeps: boolean;
}

/** A worker's part in recovery: it says that it lives, and looks for others that don't. */
export class Recovery implements Service {
  readonly #heartbeat: Heartbeat;
  readonly #sweeper: Sweeper | undefined;

  constructor({ withTransaction, sweeps, ...options }: RecoveryServices) {
    this.#heartbeat = new Heartbeat(options);
    if (!sweeps) return;
    const isSteady = () => this.#heartbeat.isSteady;
    this.#sweeper = new Sweeper({ ...options, withTransaction, isSteady });
  }

  /** Whether no other worker can have declared this one dead. */
  isFresh(now?: Moment): boolean {
    return this.#heartbeat.isFresh(now);
  }

  /** Sends a heartbeat at once, which registers the worker if it isn't any more. */
  hurry(): void {
    this.#heartbeat.hurry();
  }

  async start(): Promise<void> {
    await this.#heartbeat.start();
    this.#sweeper?.start();
  }

  /** The last service to stop, since only a worker that holds nothing may be forgotten. */
  async stop(): Promise<void> {
    await this.#sweeper?.stop();
    await this.#heartbeat.stop();
  }
}
