import { spawn, type ChildProcess } from "node:child_process";
import { chmod, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { findFreePort } from "../../src/cli/embedded.js";
import { canConnect } from "./cluster.js";
import { eventually } from "./wait.js";

/** A real pgbouncer in transaction mode before a server. It has to be installed (`.ci/run` does). */
export class Pgbouncer {
  readonly #child: ChildProcess;
  readonly #folder: string;
  readonly #port: number;

  private constructor(child: ChildProcess, folder: string, port: number) {
    this.#child = child;
    this.#folder = folder;
    this.#port = port;
  }

  static async before(connectionString: string, poolSize = 5): Promise<Pgbouncer> {
    const server = new URL(connectionString);
    const folder = await mkdtemp(path.join(tmpdir(), "taskwright-pgbouncer-"));
    const port = await findFreePort();
    const login = `user=${server.username} password=${server.password}`;
    const config = [
      "[databases]",
      `* = host=${server.hostname} port=${server.port} ${login}`,
      "[pgbouncer]",
      "listen_addr = 127.0.0.1",
      `listen_port = ${port}`,
      "unix_socket_dir =",
      "auth_type = any",
      "pool_mode = transaction",
      `default_pool_size = ${poolSize}`,
      "ignore_startup_parameters = extra_float_digits",
    ];
    const file = path.join(folder, "pgbouncer.ini");
    await writeFile(file, `${config.join("\n")}\n`);
    await chmod(folder, 0o755);
    // It refuses to run as root.
    const isRoot = process.getuid?.() === 0;
    const child = spawn("pgbouncer", [...(isRoot ? ["-u", "postgres"] : []), file], {
      stdio: "ignore",
    });
    const pgbouncer = new Pgbouncer(child, folder, port);
    const failed = new Promise<never>((_resolve, reject) => {
      child.once("error", reject);
      child.once("exit", (code) => reject(new Error(`pgbouncer ended with ${code}.`)));
    });
    await Promise.race([failed, eventually(() => canConnect(pgbouncer.through(connectionString)))]);
    failed.catch(() => {});
    return pgbouncer;
  }

  /** The same database, by way of the pooler. */
  through(connectionString: string): string {
    const url = new URL(connectionString);
    url.hostname = "127.0.0.1";
    url.port = String(this.#port);
    return url.href;
  }

  async stop(): Promise<void> {
    const exited = new Promise((resolve) => this.#child.once("exit", resolve));
    this.#child.kill("SIGKILL");
    await exited;
    await rm(this.#folder, { recursive: true, force: true });
  }
}
