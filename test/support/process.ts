import { spawn, type ChildProcess } from "node:child_process";
import { createRequire } from "node:module";
import path from "node:path";
import { pathToFileURL } from "node:url";
import { eventually } from "./wait.js";

/** Makes Node run the package's sources as they are. */
export const sourceFlags: readonly string[] = [
  "--conditions=taskwright-source",
  "--import",
  pathToFileURL(createRequire(import.meta.url).resolve("tsx")).href,
];

export interface Exit {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

/** A process of a test's own, known by the lines that it prints. */
export class TestProcess {
  readonly #child: ChildProcess;
  readonly exit: Promise<Exit>;
  #output = "";
  #hasExited = false;

  private constructor(child: ChildProcess) {
    this.#child = child;
    for (const stream of [child.stdout, child.stderr]) {
      stream?.on("data", (chunk) => (this.#output += String(chunk)));
    }
    this.exit = new Promise((resolve, reject) => {
      child.on("error", reject);
      child.on("close", (code, signal) => {
        this.#hasExited = true;
        resolve({ code, signal });
      });
    });
  }

  /** Starts a program. */
  static start(
    program: string,
    args: readonly string[],
    cwd = process.cwd(),
    env: Readonly<Record<string, string>> = {},
  ): TestProcess {
    const child = spawn(program, args, {
      cwd,
      env: { ...process.env, ...env },
      stdio: ["ignore", "pipe", "pipe"],
    });
    return new TestProcess(child);
  }

  /** Starts a TypeScript file with this Node, on the package's sources. */
  static startScript(file: string, ...args: readonly string[]): TestProcess {
    return TestProcess.start(process.execPath, [...sourceFlags, path.resolve(file), ...args]);
  }

  get lines(): readonly string[] {
    return this.#output.split("\n").filter((line) => line !== "");
  }

  /** Waits until it has printed a line. */
  async printed(line: string): Promise<void> {
    await eventually(() => {
      if (this.lines.includes(line)) return true;
      if (this.#hasExited) throw new Error(`It ended without "${line}":\n${this.#output}`);
      return false;
    }, `"${line}"`);
  }

  signal(signal: NodeJS.Signals): void {
    this.#child.kill(signal);
  }

  /** Ends it if it still runs. */
  async end(): Promise<void> {
    if (!this.#hasExited) this.#child.kill("SIGKILL");
    await this.exit;
  }
}
