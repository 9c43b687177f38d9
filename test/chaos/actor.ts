import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { setTimeout as delay } from "node:timers/promises";
import { peerNode } from "../support/peer.js";
import { sourceFlags } from "../support/process.js";
import type { Ledger } from "./ledger/ledger.js";
import type { Role } from "./plan.js";
import type { Assignment } from "./roles/role.js";

/** So much of what a process printed is kept for the report of its death. */
const keptOutput = 4000;
const restartMs = 300;

export interface ActorOptions extends Omit<Assignment, "incarnation"> {
  readonly role: Role;
  readonly ledger: Ledger;
  /** The program of the Rust crate's worker. */
  readonly rust?: string | undefined;
}

/**
 * A part in the run: a process, and, when it has ended, the next one. Every end is noted together with
 * what was done to the process, so that one that died by itself shows.
 */
export class Actor {
  readonly name: string;
  readonly role: Role;
  readonly steady: boolean;
  readonly #options: ActorOptions;
  #child: ChildProcess | undefined;
  #incarnation = 0;
  #expected: string | undefined;
  #output = "";
  #isFinishing = false;
  #life: Promise<void> | undefined;

  constructor(options: ActorOptions) {
    this.#options = options;
    this.name = options.actor;
    this.role = options.role;
    this.steady = options.steady;
  }

  get isRunning(): boolean {
    return this.#child !== undefined;
  }

  get pid(): number | undefined {
    return this.#child?.pid;
  }

  /** Starts the first process. */
  start(): void {
    this.#life = this.#live();
  }

  /** Sends a signal; `expected` says how the process is to end of it. */
  signal(signal: NodeJS.Signals, expected?: string): void {
    // A process that is stopping may still be killed; one that was killed does nothing after it.
    if (this.#expected !== "killed") this.#expected = expected ?? this.#expected;
    this.#child?.kill(signal);
  }

  /** Ends the process in good order, for good. Returns whether it ended in time. */
  async finish(limitMs: number): Promise<boolean> {
    this.#isFinishing = true;
    this.signal("SIGTERM", "finish");
    const timer = new AbortController();
    const isInTime = await Promise.race([
      this.#life?.then(() => true) ?? true,
      delay(limitMs, false, { signal: timer.signal }),
    ]);
    timer.abort();
    if (isInTime) return true;
    this.signal("SIGKILL");
    await this.#life;
    return false;
  }

  async #live(): Promise<void> {
    while (!this.#isFinishing) {
      await this.#liveOnce();
      if (!this.#isFinishing) await delay(restartMs);
    }
  }

  async #liveOnce(): Promise<void> {
    const { ledger } = this.#options;
    const child = this.#spawn();
    const childPid = child.pid ?? 0;
    ledger.write({ kind: "spawned", child: this.name, childPid });
    const [code, signal] = (await once(child, "close")) as [number | null, string | null];
    this.#child = undefined;
    const isExpected = this.#expected !== undefined;
    ledger.write({
      kind: "exited",
      child: this.name,
      childPid,
      code,
      signal,
      expected: this.#expected,
      output: isExpected ? undefined : this.#output,
    });
  }

  #spawn(): ChildProcess {
    this.#incarnation += 1;
    this.#expected = undefined;
    this.#output = "";
    const [program, ...args] = this.#command();
    const child = spawn(program, args, { stdio: ["ignore", "pipe", "pipe"] });
    for (const stream of [child.stdout, child.stderr]) {
      stream?.on("data", (chunk) => {
        this.#output = (this.#output + String(chunk)).slice(-keptOutput);
      });
    }
    this.#child = child;
    return child;
  }

  #command(): [string, ...string[]] {
    const { role, ledger: _, rust, ...assignment } = this.#options;
    if (role === "rust") {
      const { connectionString, folder, actor } = assignment;
      return [rust ?? "", connectionString, folder, actor];
    }
    const file = fileURLToPath(new URL(`roles/${role}.ts`, import.meta.url));
    const told = JSON.stringify({ ...assignment, incarnation: this.#incarnation });
    const node = role === "peer" ? peerNode() : process.execPath;
    return [node, ...sourceFlags, "--no-warnings", file, told];
  }
}
