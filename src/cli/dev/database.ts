import { startEmbeddedServer, type EmbeddedServer } from "../embedded.js";
import { AccessFile } from "./access-file.js";

/** What exists only for an embedded database. */
interface Embedded {
  readonly server: EmbeddedServer;
  readonly access: AccessFile;
}

/** A database for development: a given one, or an embedded one that is thrown away at the end. */
export class DevDatabase implements AsyncDisposable {
  readonly connectionString: string;
  readonly #embedded: Embedded | undefined;

  private constructor(connectionString: string, embedded?: Embedded) {
    this.connectionString = connectionString;
    this.#embedded = embedded;
  }

  /**
   * @param root The project's root, whose other commands find an embedded database by a file.
   * @throws TaskwrightError `CONFIG_INVALID` when the embedded server isn't installed.
   */
  static async open(given: string | undefined, root: string): Promise<DevDatabase> {
    if (given !== undefined) return new DevDatabase(given);
    const server = await startEmbeddedServer();
    try {
      const access = new AccessFile(root, server.connectionString);
      return new DevDatabase(server.connectionString, { server, access });
    } catch (error) {
      await server.stop();
      throw error;
    }
  }

  /** The file that holds the URL of an embedded database; undefined for a given one. */
  get accessFile(): string | undefined {
    return this.#embedded?.access.path;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#embedded?.access[Symbol.dispose]();
    await this.#embedded?.server.stop();
  }
}
