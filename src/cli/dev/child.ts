import { fork, type ChildProcess } from "node:child_process";
import { once } from "node:events";

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

  /** @param module The file to run; by default this program's own. */
  constructor(
    module: string,
    args: readonly string[],
    env: Readonly<Record<string, string | undefined>>,
  ) {
    this.process = fork(module, args, {
      detached: true,
      env: { ...env },
      stdio: ["ignore", "inherit", "inherit", "ipc"],
    });
    this.exited = once(this.process, "exit");
  }

  /** Whether its end was asked for. */
  get isStopping(): boolean {
    return this.#isStopping;
  }

  /** Tells it to end, and resolves when it has. */
  async stop(): Promise<void> {
    this.#isStopping = true;
    if (this.process.connected) this.process.disconnect();
    await this.exited;
  }
}
