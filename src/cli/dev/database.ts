import { once } from "node:events";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { TaskwrightError } from "../../errors.js";
import { Child } from "./child.js";
import type { ServerMessage } from "./server.js";

/** A database for development: a given one, or an embedded one that is thrown away at the end. */
export class DevDatabase implements AsyncDisposable {
  readonly connectionString: string;
  readonly #child: Child | undefined;

  private constructor(connectionString: string, child?: Child) {
    this.connectionString = connectionString;
    this.#child = child;
  }

  /** @throws TaskwrightError `CONFIG_INVALID` when the embedded server doesn't start. */
  static async open(
    given: string | undefined,
    env: Readonly<Record<string, string | undefined>>,
  ): Promise<DevDatabase> {
    if (given !== undefined) return new DevDatabase(given);
    const own = fileURLToPath(import.meta.url);
    const child = new Child(path.join(path.dirname(own), `server${path.extname(own)}`), [], env);
    const said = await Promise.race([once(child.process, "message"), child.exited.then(() => [])]);
    const [message] = said as [ServerMessage?];
    if (message !== undefined && "connectionString" in message) {
      return new DevDatabase(message.connectionString, child);
    }
    await child.stop();
    throw new TaskwrightError(
      "CONFIG_INVALID",
      message?.failure ?? "The embedded PostgreSQL ended before it was up.",
    );
  }

  get isEmbedded(): boolean {
    return this.#child !== undefined;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#child?.stop();
  }
}
