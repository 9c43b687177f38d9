import { startEmbeddedServer, type EmbeddedServer } from "../embedded.js";

/** A database for development: a given one, or an embedded one that is thrown away at the end. */
export class DevDatabase implements AsyncDisposable {
  readonly connectionString: string;
  readonly #server: EmbeddedServer | undefined;

  private constructor(connectionString: string, server?: EmbeddedServer) {
    this.connectionString = connectionString;
    this.#server = server;
  }

  /** @throws TaskwrightError `CONFIG_INVALID` when the embedded server isn't installed. */
  static async open(given: string | undefined): Promise<DevDatabase> {
    if (given !== undefined) return new DevDatabase(given);
    const server = await startEmbeddedServer({ trust: true });
    return new DevDatabase(server.connectionString, server);
  }

  get isEmbedded(): boolean {
    return this.#server !== undefined;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#server?.stop();
  }
}
