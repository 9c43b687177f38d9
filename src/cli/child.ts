import { fork, type ChildProcess } from "node:child_process";
import { once } from "node:events";

export interface ChildOptions {
  readonly args?: readonly string[];
  /** Default: that of this process. */
  readonly env?: Readonly<Record<string, string | undefined>>;
  /** Flags for Node. Default: those of this process. */
  readonly nodeFlags?: readonly string[];
}

/**
 * A child process that lives until it is told to end. It is in a group of its own, so that Ctrl+C on
 * the terminal reaches the parent alone, which ends its children in order; and it hears of its end by
 * the channel to its parent, which also breaks when the parent is killed.
 */
export class Child {
  readonly process: ChildProcess;
  /** Resolves when it has ended. */
  readonly exited: Promise<unknown>;
  #isStopping = false;

  /** @param module The file to run. */
  constructor(module: string, options: ChildOptions = {}) {
    const { args = [], env, nodeFlags } = options;
    this.process = fork(module, args, {
      detached: true,
      ...(env === undefined ? {} : { env: { ...env } }),
      ...(nodeFlags === undefined ? {} : { execArgv: [...nodeFlags] }),
      stdio: ["ignore", "inherit", "inherit", "ipc"],
    });
    this.exited = once(this.process, "exit");
  }

  /** Whether its end was asked for. */
  get isStopping(): boolean {
    return this.#isStopping;
  }

  /** Lets this process end while the child runs. The child's channel then closes, and it ends, too. */
  unref(): void {
    this.process.unref();
    this.process.channel?.unref();
  }

  /** Tells it to end, and resolves when it has. */
  async stop(): Promise<void> {
    this.#isStopping = true;
    this.process.ref();
    if (this.process.connected) this.process.disconnect();
    await this.exited;
  }
}
