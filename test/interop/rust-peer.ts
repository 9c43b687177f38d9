import { spawn, type ChildProcessWithoutNullStreams } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { inject } from "vitest";
import { eventually } from "../support/wait.js";

/** A process of the Rust crate: it takes a schema to its revision, adds jobs and runs them. */
export class RustPeer implements AsyncDisposable {
  readonly said: string[] = [];
  readonly #child: ChildProcessWithoutNullStreams;
  readonly #closed: Promise<unknown>;

  private constructor(connectionString: string, schema: string) {
    this.#child = spawn(inject("rustProgram"), [connectionString, schema]);
    this.#closed = once(this.#child, "close");
    this.#child.stdin.on("error", () => {});
    for (const stream of [this.#child.stdout, this.#child.stderr]) {
      createInterface({ input: stream }).on("line", (line) => this.said.push(line));
    }
  }

  /** Starts one, which migrates first. */
  static async start(connectionString: string, schema = "graphile_worker"): Promise<RustPeer> {
    const peer = new RustPeer(connectionString, schema);
    await peer.hear("migrated");
    return peer;
  }

  /** Resolves once it has said the line. */
  async hear(line: string): Promise<void> {
    await eventually(
      () => this.said.includes(line),
      `"${line}"; it said: ${this.said.join("\n")}`,
    ).catch((error: unknown) => {
      throw new Error(`It said: ${this.said.join("\n")}`, { cause: error });
    });
  }

  /** Tells it something, and waits until that is done. */
  async tell(line: string): Promise<void> {
    this.#child.stdin.write(`${line}\n`);
    await this.hear(`done ${line}`);
  }

  /** Has it stop as on a signal: what it runs goes back. */
  async stop(): Promise<void> {
    this.#child.stdin.write("stop\n");
    await this.hear("stopped");
    await this.#closed;
  }

  async kill(): Promise<void> {
    this.#child.kill("SIGKILL");
    await this.#closed;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#child.exitCode === null && this.#child.signalCode === null) await this.kill();
  }
}
