import { paint, type Terminal } from "../terminal.js";
import { Child } from "../child.js";

export interface DevWorkerOptions {
  readonly terminal: Terminal;
  /** This program's file. */
  readonly program: string;
  /** The arguments of `run`. */
  readonly args: readonly string[];
  readonly connectionString: string;
}

/** The worker of `dev`, in a process of its own: a new one has all modules as they are now. */
export class DevWorker implements AsyncDisposable {
  readonly #options: DevWorkerOptions;
  #child: Child | undefined;

  constructor(options: DevWorkerOptions) {
    this.#options = options;
  }

  /** Ends the one that is there, once its jobs have ended, and starts another. */
  async restart(): Promise<void> {
    await this.#child?.stop();
    const { terminal, program, args, connectionString } = this.#options;
    // Not by an argument, which every user of the machine can see.
    const env = { ...terminal.env, DATABASE_URL: connectionString };
    const child = new Child(program, { args: ["run", ...args], env });
    this.#child = child;
    void this.#watch(child);
  }

  async #watch(child: Child): Promise<void> {
    const { terminal } = this.#options;
    await child.exited;
    if (child.isStopping) return;
    terminal.err(paint(terminal, "yellow", "The worker has ended; a change starts it again."));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#child?.stop();
  }
}
